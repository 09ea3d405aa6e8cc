#include "fl/secure/secure_settings.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "fl/secure/fixed_point.h"
#include "fl/summed_fields.h"

namespace consilium::fl {

void read_secure_aggregation_settings(SettingsReader& reader, SecureAggregationSettings& s) {
  reader.field("threshold", s.threshold);
  reader.field("norm_bound", s.norm_bound);
  reader.field("neighbours", s.neighbours);
  read_summed_fields(reader, {s.clip, s.fraction_bits, s.most_cases, s.stage_seconds, s.metrics});
  const auto check = [&](bool good, const char* key, const char* expected) { require(good, ErrorCode::kUsage, reader.path() + "." + key + ": expected " + expected); };
  check(s.threshold >= 0 && s.threshold <= 10000, "threshold", "0, or 2 to the number of sites");
  check(std::isfinite(s.norm_bound) && s.norm_bound >= 0, "norm_bound", "0, or a length above 0");
  check(s.neighbours >= 0 && s.neighbours <= 10000, "neighbours", "0, or how many sites each shares with");
}

Json to_json(const SecureAggregationSettings& s) {
  return {{"threshold", s.threshold}, {"clip", s.clip}, {"fraction_bits", s.fraction_bits}, {"most_cases", s.most_cases}, {"norm_bound", s.norm_bound}, {"neighbours", s.neighbours}, {"stage_seconds", s.stage_seconds}, {"metrics", s.metrics}};
}

std::int64_t threshold_of(const SecureAggregationSettings& s, std::size_t asked) {
  if (s.threshold > 0) return s.threshold;
  const auto sites = static_cast<std::int64_t>(asked);
  return std::max<std::int64_t>(2, (2 * sites + 2) / 3);
}

void validate(const SecureAggregationSettings& s, std::size_t asked, std::int64_t quorum, const std::string& path) {
  const auto sites = static_cast<std::int64_t>(asked);
  require(sites >= 3, ErrorCode::kUsage, path + ": needs at least three sites in every round: of two, each would read the other's update off the sum");
  const std::int64_t threshold = threshold_of(s, asked);
  require(threshold >= 2 && threshold <= sites && 2 * threshold > sites, ErrorCode::kUsage, path + ".threshold: expected more than half of the " + std::to_string(sites) + " sites of a round, and at most all; found " + std::to_string(threshold));
  require(quorum <= sites, ErrorCode::kUsage, path + ": the quorum is above the number of sites of a round");
  require(s.neighbours == 0 || (s.neighbours >= 2 && s.neighbours < sites), ErrorCode::kUsage, path + ".neighbours: expected 0, or 2 to below the number of sites of a round");
  require_fits_ring(s, asked, path);
}

}  // namespace consilium::fl
