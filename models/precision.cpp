#include "models/precision.h"

#include <torch/torch.h>

#include <fstream>
#include <string>

namespace consilium::models {
namespace {

bool multiplies_bfloat16() {
  static const bool answer = [] {
    std::ifstream cpuinfo("/proc/cpuinfo");
    for (std::string line; std::getline(cpuinfo, line);)
      if (line.starts_with("flags")) return line.find(" avx512_bf16") != std::string::npos || line.find(" amx_bf16") != std::string::npos;
    return false;
  }();
  return answer;
}

/// No property that LibTorch shows without CUDA's headers says so.
bool convolves_bfloat16(c10::Device device) {
  static const bool answer = [&] {
    try {
      const torch::NoGradGuard no_grad;
      const auto options = torch::TensorOptions(device).dtype(torch::kBFloat16);
      return at::conv3d(torch::ones({1, 1, 4, 4, 4}, options), torch::ones({1, 1, 3, 3, 3}, options)).sum().item<double>() > 0;
    } catch (const c10::Error&) {
      return false;
    }
  }();
  return answer;
}

}  // namespace

const std::vector<std::pair<std::string, Precision>>& precision_words() {
  static const std::vector<std::pair<std::string, Precision>> words{{"auto", Precision::kAuto}, {"float32", Precision::kFloat32}, {"bfloat16", Precision::kBfloat16}};
  return words;
}

std::string_view to_string(Precision precision) {
  for (const auto& [word, value] : precision_words())
    if (value == precision) return word;
  return "auto";
}

Precision resolve(Precision precision, c10::Device device) {
  if (precision != Precision::kAuto) return precision;
  return (device.is_cuda() ? convolves_bfloat16(device) : multiplies_bfloat16()) ? Precision::kBfloat16 : Precision::kFloat32;
}

}  // namespace consilium::models
