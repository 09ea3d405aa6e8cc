#include "models/network_module.h"

#include "models/multimodal_module.h"
#include "models/unet3d_module.h"

namespace consilium::models {

NetworkImpl::NetworkImpl(const UNetOptions& o) : options(o) { validate(o); }

void NetworkImpl::register_decoder(NormKernel kernel) {
  const std::vector<int>& f = options.filters;
  for (std::size_t level = f.size() - 1; level-- > 0;) upsamples->push_back(UpBlock(f[level + 1], f[level], kernel));
  register_module("upsamples", upsamples);
  output_block = register_module("output_block", OutBlock(f[0], options.out_channels));
  for (int head = 0; head < options.deep_supervision; ++head) deep_supervision_heads->push_back(OutBlock(f[static_cast<std::size_t>(head) + 1], options.out_channels));
  register_module("deep_supervision_heads", deep_supervision_heads);
}

std::vector<at::Tensor> NetworkImpl::decode(const std::vector<at::Tensor>& levels) {
  at::Tensor features = levels.back();
  std::vector<at::Tensor> outputs(1 + deep_supervision_heads->size());
  for (std::size_t n = 0; n < upsamples->size(); ++n) {
    const std::size_t level = upsamples->size() - 1 - n;
    features = upsamples->ptr<UpBlockImpl>(n)->forward(features, levels[level]);
    if (level > 0 && level <= deep_supervision_heads->size()) outputs[level] = deep_supervision_heads->ptr<OutBlockImpl>(level - 1)->forward(features);
  }
  outputs[0] = output_block(features);
  return outputs;
}

std::shared_ptr<NetworkImpl> make_network(const UNetOptions& options) {
  if (options.multimodal.modalities.empty()) return std::make_shared<UNet3dImpl>(options);
  return std::make_shared<MultimodalNetImpl>(options);
}

}  // namespace consilium::models
