#pragma once

#include <c10/core/Device.h>

#include <string_view>
#include <utility>
#include <vector>

namespace consilium::models {

/// Arithmetic of convolutions. Weights, losses and optimiser are float32 in either case.
enum class Precision {
  kFloat32,
  kBfloat16,  ///< autocast: products in bfloat16, sums in float32
  kAuto,      ///< bfloat16 where the device multiplies it (a processor with avx512_bf16 or amx_bf16; on CUDA, where a convolution of it runs), else float32
};

/// The JSON words, for SettingsReader::choice.
const std::vector<std::pair<std::string, Precision>>& precision_words();
std::string_view to_string(Precision precision);

/// What kAuto becomes on this machine's device; the others stay.
Precision resolve(Precision precision, c10::Device device = c10::Device(c10::kCPU));

}  // namespace consilium::models
