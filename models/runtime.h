#pragma once

#include <cstddef>
#include <string>

namespace consilium::models {

/// Threads of LibTorch; 0: thread_limit(). LibTorch 1.13 on Debian starts with one. Deterministic algorithms are asked for.
void configure_torch(std::size_t threads = 0);

struct TorchReport {
  std::string version;
  int threads = 1;
  bool openblas = false;         ///< without it float32 convolutions are several times slower
  bool multiplies_bfloat16 = false;
  bool cuda = false;
};
TorchReport describe_torch();

}  // namespace consilium::models
