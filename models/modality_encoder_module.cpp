#include "models/modality_encoder_module.h"

#include "models/autocast_module.h"

namespace consilium::models {

ModalityEncoderImpl::ModalityEncoderImpl(int channels, const std::vector<int>& filters) {
  for (std::size_t level = 0; level < filters.size(); ++level) levels->push_back(BasicBlock(level == 0 ? channels : filters[level - 1], filters[level], level == 0 ? 1 : 2, NormKernel::kFused));
  register_module("levels", levels);
}

std::vector<at::Tensor> ModalityEncoderImpl::forward(const at::Tensor& x) {
  // LibTorch 1.13 sends a batch of one in float32 past oneDNN: two cost less, forwards and backwards, and are one by one what they would be alone.
  if (x.size(0) == 1 && x.device().is_cpu() && x.scalar_type() == torch::kFloat32 && !autocasts_on_cpu()) {
    std::vector<at::Tensor> twice = forward(torch::cat({x, x}, 0));
    for (at::Tensor& level : twice) level = level.narrow(0, 0, 1);
    return twice;
  }
  std::vector<at::Tensor> features;
  for (std::size_t level = 0; level < levels->size(); ++level) features.push_back(levels->ptr<BasicBlockImpl>(level)->forward(level == 0 ? x : features.back()));
  return features;
}

}  // namespace consilium::models
