#include "models/projector_module.h"

namespace consilium::models {

ProjectorImpl::ProjectorImpl(int channels) {
  first = register_module("first", torch::nn::Linear(channels, kProjected));
  second = register_module("second", torch::nn::Linear(kProjected, kProjected));
}

at::Tensor ProjectorImpl::forward(const at::Tensor& features) {
  const at::Tensor raw = second(torch::relu(first(features)));
  return raw / raw.norm(2, 1, /*keepdim=*/true).clamp_min(1e-12);
}

}  // namespace consilium::models
