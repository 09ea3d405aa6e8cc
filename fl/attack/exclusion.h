#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>

#include "fl/aggregate/aggregation.h"

namespace consilium::fl {

/// Site -> share of the weights in which a rule that chooses among sites (krum, multi_krum, bulyan, fltrust) gave its update no say. Nothing for rules that use every site, and
/// for rounds with too few updates to choose. The root of fltrust is left out: it never has a say.
std::optional<std::map<std::string, double>> excluded_shares(const AggregationSettings& settings, const ModelState& global, std::span<const Update> updates);

}  // namespace consilium::fl
