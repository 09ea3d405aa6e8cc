#include "models/projector_module.h"

namespace consilium::models {

ProjectorImpl::ProjectorImpl(int channels) {
  first = register_module("first", torch::nn::Linear(channels, kProjected));
  second = register_module("second", torch::nn::Linear(kProjected, kProjected));
}

at::Tensor ProjectorImpl::forward(const at::Tensor& features) {
  return torch::nn::functional::normalize(second(torch::relu(first(features))));
}

}  // namespace consilium::models
