#pragma once

#include <span>

#include "base/rng.h"
#include "models/state/model_state.h"

namespace consilium::fl {

// What attackers make of updates, as arithmetic on weights. docs/attacks.md has the equations.

/// Root mean square over all values; 0 of nothing.
double root_mean_square(const ModelState& state);

/// Independent normal values of this deviation in the layout of `layout`.
ModelState noise_like(ModelState layout, double deviation, Rng rng);

/// mu - z sigma, value by value, of the updates that the attackers would have sent; with one of them sigma is 0.
/// Source: Baruch et al. 2019 (arXiv:1902.06156), algorithm 3. @throws Error{kMismatch} of different layouts; Error{kUsage} none.
ModelState little_is_enough(std::span<const ModelState> honest, double z);

}  // namespace consilium::fl
