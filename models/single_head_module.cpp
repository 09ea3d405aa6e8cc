#include "models/single_head_module.h"

namespace consilium::models {

SingleHeadImpl::SingleHeadImpl(const std::vector<int>& filters, int classes) {
  for (const int channels : filters) levels->push_back(WrappedConv(channels, classes, 1, 1, true));
  register_module("levels", levels);
}

at::Tensor SingleHeadImpl::forward(const std::vector<at::Tensor>& features) {
  at::Tensor logits;
  for (std::size_t level = features.size(); level-- > 0;) {
    const at::Tensor own = levels->ptr<WrappedConvImpl>(level)->forward(features[level]);
    logits = logits.defined() ? own + at::upsample_trilinear3d(logits, own.sizes().slice(2), /*align_corners=*/false) : own;
  }
  return logits;
}

}  // namespace consilium::models
