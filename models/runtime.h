#pragma once

#include <c10/core/Device.h>

#include <cstddef>
#include <string>

namespace consilium::models {

/// Threads of LibTorch; 0: thread_limit(). LibTorch 1.13 on Debian starts with one. On the processor sums have one order, so that a seed gives the same bytes; on a CUDA
/// `device` that would cost half of a step more. float32 is float32 on either.
void configure_torch(std::size_t threads = 0, c10::Device device = c10::Device(c10::kCPU));

struct TorchReport {
  std::string version;
  int threads = 1;
  bool openblas = false;         ///< without it float32 convolutions are several times slower
  bool multiplies_bfloat16 = false;
  int cuda_devices = 0;
};
TorchReport describe_torch();

}  // namespace consilium::models
