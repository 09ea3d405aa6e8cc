#pragma once

#include "models/state/model_state.h"

namespace consilium {

/// SCAFFOLD's control variates travel as further tensors of the model, `control/NAME` of group `control` beside each NAME, so that download, upload, digest,
/// checkpoint and resumption need to know nothing of them.
inline constexpr const char* kControlGroup = "control";

/// The model with a control variate of zeros for each of its tensors. A model that has them comes back as it is.
ModelState with_control_variates(const ModelState& model);
/// The model alone.
ModelState without_control_variates(ModelState model);
/// The control variates alone, under the names of the model's tensors; empty if there are none.
ModelState control_variates_of(const ModelState& model);
/// `model` (without them) with these control variates, named as its tensors. @throws Error{kMismatch} other names or shapes.
ModelState join_control_variates(ModelState model, const ModelState& control);

}  // namespace consilium
