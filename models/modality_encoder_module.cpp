#include "models/modality_encoder_module.h"

namespace consilium::models {

ModalityEncoderImpl::ModalityEncoderImpl(int channels, const std::vector<int>& filters) {
  for (std::size_t level = 0; level < filters.size(); ++level) levels->push_back(BasicBlock(level == 0 ? channels : filters[level - 1], filters[level], level == 0 ? 1 : 2, NormKernel::kFused));
  register_module("levels", levels);
}

std::vector<at::Tensor> ModalityEncoderImpl::forward(const at::Tensor& x) {
  std::vector<at::Tensor> features;
  for (std::size_t level = 0; level < levels->size(); ++level) features.push_back(levels->ptr<BasicBlockImpl>(level)->forward(level == 0 ? x : features.back()));
  return features;
}

}  // namespace consilium::models
