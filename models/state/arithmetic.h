#pragma once

#include "models/state/model_state.h"

namespace consilium {

/// x a + y b, value by value in float64, with the names and groups of `a`. @throws Error{kMismatch} other names or shapes in `b`.
ModelState linear(double x, const ModelState& a, double y, const ModelState& b);
/// A model of zeros in the layout of `model`.
ModelState zeros_like(ModelState model);

}  // namespace consilium
