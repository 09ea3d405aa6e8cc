#pragma once

#include "fl/round.h"
#include "fl/update.h"

namespace consilium::fl {

/// What a site does with its own cases. All calls depend on their arguments and the site's data only, so that a site that was killed can
/// repeat a round and send the same bytes.
class Trainer {
 public:
  virtual ~Trainer() = default;
  virtual Validation validate(const RoundPlan& plan, const ModelState& global) = 0;
  /// The end of a federation, and all of one with 0 rounds: says of the finished model what there is to say; no weights.
  virtual Update last_look(const RoundPlan& plan, const ModelState& global) {
    Update update;
    update.validation = validate(plan, global);
    return update;
  }
  /// `site`, `round` and `base_digest` of the result are filled in by the caller.
  virtual Update train(const RoundPlan& plan, const ModelState& global) = 0;
};

}  // namespace consilium::fl
