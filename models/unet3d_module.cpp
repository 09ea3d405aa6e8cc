#include "models/unet3d_module.h"

namespace consilium::models {

UNet3dImpl::UNet3dImpl(const UNetOptions& o) : NetworkImpl(o) {
  const std::vector<int>& f = o.filters;
  const std::size_t levels = f.size();
  input_block = register_module("input_block", BasicBlock(o.in_channels, f[0], 1));
  for (std::size_t level = 1; level + 1 < levels; ++level) downsamples->push_back(BasicBlock(f[level - 1], f[level], 2));
  register_module("downsamples", downsamples);
  bottleneck = register_module("bottleneck", BasicBlock(f[levels - 2], f[levels - 1], 2));
  register_decoder();
}

std::vector<at::Tensor> UNet3dImpl::forward(const at::Tensor& x, const Presence&) {
  std::vector<at::Tensor> levels{input_block(x)};
  for (std::size_t n = 0; n < downsamples->size(); ++n) levels.push_back(downsamples->ptr<BasicBlockImpl>(n)->forward(levels.back()));
  levels.push_back(bottleneck(levels.back()));
  return decode(levels);
}

}  // namespace consilium::models
