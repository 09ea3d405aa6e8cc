#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/settings.h"
#include "models/state/model_state.h"

namespace consilium::models {

enum class OptimiserKind {
  kAdamW,  ///< arXiv:1711.05101
  kSgd,    ///< with Nesterov momentum, as nnU-Net
};

struct OptimiserOptions {
  OptimiserKind kind = OptimiserKind::kAdamW;
  double learning_rate = 1e-3;  ///< at step 0; falls with (1 - step / total)^poly_power. nnU-Net's SGD: 1e-2
  double poly_power = 0.9;
  double weight_decay = 1e-2;   ///< AdamW's is decoupled; nnU-Net's SGD: 3e-5
  double momentum = 0.99;       ///< SGD only; 0: plain SGD
};

/// What an optimiser remembers between steps, as plain values: a checkpoint continues byte for byte.
struct OptimiserState {
  std::int64_t steps = 0;     ///< AdamW's count for its bias correction
  ModelState first_moment;    ///< AdamW: mean of gradients; SGD: velocity. Empty before the first step
  ModelState second_moment;   ///< AdamW: mean of squared gradients

  bool operator==(const OptimiserState&) const = default;
};

/// Bytes of a state (safetensors inside) and back. @throws Error{kCorruptData} naming `origin`.
std::string encode(const OptimiserState& state);
OptimiserState parse_optimiser_state(std::string_view bytes, const std::string& origin);

/// JSON keys are the field names. @throws Error{kUsage}
void read_optimiser_options(SettingsReader& reader, OptimiserOptions& options);
Json to_json(const OptimiserOptions& options);

/// @throws Error{kUsage} naming the field.
void validate(const OptimiserOptions& options);

}  // namespace consilium::models
