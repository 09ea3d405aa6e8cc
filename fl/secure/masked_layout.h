#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fl/round.h"
#include "fl/update.h"

namespace consilium::fl {

/// What stands where in the vector that is masked: the values of every tensor of the global model, whoever trained it, and then the totals. It follows from the plan and the model alone, so that
/// it tells nothing of a site; in the last look, which has no weights, there are only totals.
struct MaskedLayout {
  struct Part {
    std::string name, group;
    std::vector<std::int64_t> shape;
    std::uint64_t begin = 0, count = 0;  ///< positions in the vector
  };
  std::vector<Part> parts;           ///< in the order of names
  std::vector<std::string> metrics;  ///< told as a mean over cases
  std::vector<std::string> counted;  ///< groups whose owners are counted
  std::uint64_t totals_begin = 0;    ///< how many values there are

  /// Cases of every part; validation: cases, weight, score; of every metric sum and cases; owners of every counted group; values that were cut off, and values in all.
  std::uint64_t totals() const { return parts.size() + 3 + 2 * metrics.size() + counted.size() + 2; }
  std::uint64_t size() const { return totals_begin + totals(); }
  /// Of the file: its values with `value_bytes` each, totals with 8.
  std::uint64_t size_bytes(std::size_t value_bytes = 8) const { return value_bytes * totals_begin + 8 * totals(); }
};
/// Bytes of a value that travel: those that a sum over `sites` sites can reach. Masked and summed is modulo 2^64, and the low bytes of a sum hang on low bytes only.
std::size_t masked_value_bytes(const SecureAggregationSettings& settings, std::size_t sites);
/// @pre the plan uses secure aggregation
MaskedLayout masked_layout(const RoundPlan& plan, const ModelState& global);

/// Of one site, or of all together.
struct MaskedTotals {
  std::vector<std::uint64_t> cases;  ///< of every part of the layout
  Validation validation;             ///< its score: mean over cases and their weight
  std::vector<std::pair<double, std::uint64_t>> metrics;  ///< mean and cases, of every metric of the layout
  std::vector<std::uint64_t> owners{};  ///< of every counted group
  std::uint64_t cut_off = 0, values = 0;
};
std::vector<std::uint64_t> encode_totals(const MaskedTotals& totals);
/// What `sites` sites can have sent together, each at most `most_cases`. @throws Error{kCorruptData} what honest sites cannot have sent.
MaskedTotals parse_totals(const std::vector<std::uint64_t>& numbers, const MaskedLayout& layout, std::size_t sites, std::int64_t most_cases);

}  // namespace consilium::fl
