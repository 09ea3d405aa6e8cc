#pragma once

// Only for .cpp files of this folder: it pulls in all of LibTorch.
#include <torch/torch.h>

#include <cstdint>
#include <vector>

namespace consilium::models {

/// Places for index_select and its like, which want them on the device of what they choose from.
inline at::Tensor index_tensor(const std::vector<std::int64_t>& places, c10::Device device) { return torch::tensor(places, torch::kLong).to(device); }

}  // namespace consilium::models
