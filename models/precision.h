#pragma once

#include <string_view>
#include <utility>
#include <vector>

namespace consilium::models {

/// Arithmetic of convolutions. Weights, losses and optimiser are float32 in either case.
enum class Precision {
  kFloat32,
  kBfloat16,  ///< autocast: products in bfloat16, sums in float32
  kAuto,      ///< bfloat16 where the processor multiplies it (avx512_bf16, amx_bf16), else float32
};

/// The JSON words, for SettingsReader::choice.
const std::vector<std::pair<std::string, Precision>>& precision_words();
std::string_view to_string(Precision precision);

/// What kAuto becomes on this machine; the others stay.
Precision resolve(Precision precision);

}  // namespace consilium::models
