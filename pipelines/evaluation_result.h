#pragma once

#include "base/settings.h"
#include "fl/round.h"

namespace consilium::pipelines {

/// What the sites of a federation said of the model that they were given, as JSON (docs/formats.md, "Federated evaluation"). A site or a region that was not
/// judged is absent from means and from the worst site, not 0.
Json evaluation_result(const fl::RoundReport& last_look);

}  // namespace consilium::pipelines
