#pragma once

#include <cstdint>
#include <span>

#include "models/state/model_state.h"

namespace consilium::fl {

/// |x|_2, summed in float64. @throws Error{kCorruptData} a value that is not finite.
double l2_norm(std::span<const double> values);
double l2_norm(const ModelState& state);

/// x * min(1, clip / |x|); 0 stays 0. Returns |x| before. Source: McMahan et al. 2018 (arXiv:1710.06963), section 3.
/// @throws Error{kUsage} clip is not above 0; Error{kCorruptData} a value that is not finite.
double clip_l2(std::span<double> values, double clip);
/// The same over all tensors together. What comes out has a norm of at most `clip` in float32 too.
double clip_l2(ModelState& state, double clip);

}  // namespace consilium::fl
