#include "fl/secure/secure_settings.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "fl/secure/fixed_point.h"

namespace consilium::fl {
namespace {

constexpr std::size_t kMostMetrics = 32;

bool is_word(const std::string& name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-'; });
}

}  // namespace

void read_secure_aggregation_settings(SettingsReader& reader, SecureAggregationSettings& s) {
  reader.field("threshold", s.threshold);
  reader.field("clip", s.clip);
  reader.field("fraction_bits", s.fraction_bits);
  reader.field("most_cases", s.most_cases);
  reader.field("norm_bound", s.norm_bound);
  reader.field("neighbours", s.neighbours);
  reader.field("stage_seconds", s.stage_seconds);
  reader.field("metrics", s.metrics);
  const auto check = [&](bool good, const char* key, const char* expected) { require(good, ErrorCode::kUsage, reader.path() + "." + key + ": expected " + expected); };
  check(s.threshold >= 0 && s.threshold <= 10000, "threshold", "0, or 2 to the number of sites");
  check(std::isfinite(s.clip) && s.clip > 0 && s.clip <= 1e6, "clip", "above 0 to 1000000");
  check(s.fraction_bits >= 1 && s.fraction_bits <= 48, "fraction_bits", "1 to 48");
  check(s.most_cases >= 1 && s.most_cases <= 1000000, "most_cases", "1 to 1000000");
  check(std::isfinite(s.norm_bound) && s.norm_bound >= 0, "norm_bound", "0, or a length above 0");
  check(s.neighbours >= 0 && s.neighbours <= 10000, "neighbours", "0, or how many sites each shares with");
  check(std::isfinite(s.stage_seconds) && s.stage_seconds > 0 && s.stage_seconds <= 1e6, "stage_seconds", "above 0 to 1000000");
  check(s.metrics.size() <= kMostMetrics && std::all_of(s.metrics.begin(), s.metrics.end(), is_word) && std::set(s.metrics.begin(), s.metrics.end()).size() == s.metrics.size(), "metrics",
        "at most 32 names, none twice, of letters, digits, '_', '-' and '.'");
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
