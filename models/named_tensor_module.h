#pragma once

// Only for .cpp files of this folder: it pulls in all of LibTorch.
#include <torch/torch.h>

#include <string>
#include <vector>

#include "models/state/model_state.h"

namespace consilium::models {

/// A copy, float32, on the processor.
inline at::Tensor tensor_of(const NamedTensor& named) { return torch::from_blob(const_cast<float*>(named.values.data()), named.shape, torch::kFloat32).clone(); }

/// A copy of any tensor's values, from any device, as float32.
inline std::vector<float> values_of(const at::Tensor& tensor) {
  const at::Tensor plain = tensor.detach().to(torch::kCPU, torch::kFloat32).contiguous();
  return {plain.data_ptr<float>(), plain.data_ptr<float>() + plain.numel()};
}

inline NamedTensor named_tensor(const std::string& name, const std::string& group, const at::Tensor& tensor) { return {name, group, tensor.sizes().vec(), values_of(tensor)}; }

}  // namespace consilium::models
