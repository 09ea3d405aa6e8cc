#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>

#include "models/segmenter.h"
#include "models/training_case.h"

namespace consilium::models {

struct FitOptions {
  std::array<std::int64_t, 3> patch{48, 48, 48};  ///< D, H, W voxels, each a multiple of the network's stride
  int batch = 2;
  std::int64_t steps = 100;
  double learning_rate = 1e-3;      ///< at step 0; falls with (1 - step / steps)^poly_power
  double poly_power = 0.9;
  double weight_decay = 1e-2;       ///< AdamW's, decoupled (arXiv:1711.05101)
  double foreground_share = 0.5;    ///< of the patches are drawn around foreground, [0, 1]
  bool flip = true;                 ///< random mirror along each axis
};

struct FitReport {
  double first_loss = 0;
  double last_loss = 0;  ///< mean over the last tenth of the steps
  std::int64_t steps = 0;
};

/// Trains with AdamW on Dice plus cross-entropy (all deep-supervision levels, weights halved per level). Same arguments, same `rng` and one
/// thread: same bytes. `on_step(step, loss)` is called after each step.
/// @throws Error{kUsage} an option out of range or no case; Error{kMismatch} naming the case; Error{kUnexpected} a loss that is not finite,
/// naming the step.
FitReport fit(Segmenter& segmenter, std::span<const TrainingCase> cases, const FitOptions& options, Rng rng, const std::function<void(std::int64_t step, double loss)>& on_step = {});

}  // namespace consilium::models
