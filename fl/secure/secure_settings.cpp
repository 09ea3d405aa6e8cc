#include "fl/secure/secure_settings.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "fl/secure/fixed_point.h"
#include "fl/summed_fields.h"

namespace consilium::fl {
namespace {

std::int64_t two_thirds_of(std::int64_t sites) { return std::max<std::int64_t>(2, (2 * sites + 2) / 3); }

}  // namespace

void read_secure_aggregation_settings(SettingsReader& reader, SecureAggregationSettings& s) {
  reader.field("threshold", s.threshold);
  reader.field("group_size", s.group_size);
  reader.field("least_groups", s.least_groups);
  reader.field("norm_bound", s.norm_bound);
  reader.field("neighbours", s.neighbours);
  read_summed_fields(reader, {s.clip, s.fraction_bits, s.most_cases, s.stage_seconds, s.metrics});
  const auto check = [&](bool good, const char* key, const char* expected) { require(good, ErrorCode::kUsage, reader.path() + "." + key + ": expected " + expected); };
  check(s.threshold >= 0 && s.threshold <= 10000, "threshold", "0, or 2 to the number of sites");
  check(s.group_size == 0 || (s.group_size >= 3 && s.group_size <= 10000), "group_size", "0, or 3 or more sites: of two, each would read the other's update off their sum");
  check(s.least_groups == 0 || (s.least_groups >= kLeastGroups && s.least_groups <= 10000), "least_groups", "0, or 3 or more: two groups that differ do not show which of them lies");
  check(s.least_groups == 0 || s.group_size > 0, "least_groups", "group_size beside it");
  check(std::isfinite(s.norm_bound) && s.norm_bound >= 0, "norm_bound", "0, or a length above 0");
  check(s.neighbours >= 0 && s.neighbours <= 10000, "neighbours", "0, or how many sites each shares with");
}

Json to_json(const SecureAggregationSettings& s) {
  Json json{{"threshold", s.threshold}, {"clip", s.clip}, {"fraction_bits", s.fraction_bits}, {"most_cases", s.most_cases}, {"norm_bound", s.norm_bound}, {"neighbours", s.neighbours}, {"stage_seconds", s.stage_seconds}, {"metrics", s.metrics}};
  if (s.group_size > 0) {  // a run that was begun before there were groups goes on
    json["group_size"] = s.group_size;
    json["least_groups"] = s.least_groups;
  }
  return json;
}

std::int64_t threshold_of(const SecureAggregationSettings& s, std::size_t asked) {
  if (s.threshold > 0) return s.threshold;
  return two_thirds_of(s.group_size > 0 ? s.group_size : static_cast<std::int64_t>(asked));
}

std::int64_t threshold_in_sum(const SecureAggregationSettings& s, std::size_t sites) {
  return s.group_size > 0 ? std::max(s.threshold, two_thirds_of(static_cast<std::int64_t>(sites))) : s.threshold;
}

std::int64_t least_groups_of(const SecureAggregationSettings& s, std::int64_t rule_needs) { return std::max({kLeastGroups, s.least_groups, rule_needs}); }

namespace {

void validate_groups(const SecureAggregationSettings& s, std::int64_t sites, std::int64_t quorum, std::int64_t rule_needs, const std::string& path) {
  const std::int64_t least = least_groups_of(s, rule_needs);
  require(s.least_groups == 0 || s.least_groups >= rule_needs, ErrorCode::kUsage, path + ".least_groups: the aggregation rule needs " + std::to_string(rule_needs) + " groups, found " + std::to_string(s.least_groups));
  for (const auto& [count, what] : {std::pair{sites, "sites of a round"}, std::pair{quorum, "sites of the quorum"}})
    require(count / s.group_size >= least, ErrorCode::kUsage,
            path + ".group_size: the " + std::to_string(count) + " " + what + " make " + std::to_string(count / s.group_size) + " groups of " + std::to_string(s.group_size) + ", and " + std::to_string(least) +
                " are needed: that takes " + std::to_string(least * s.group_size) + " sites");
}

}  // namespace

void validate(const SecureAggregationSettings& s, std::size_t asked, std::int64_t quorum, std::int64_t rule_needs, const std::string& path) {
  const auto sites = static_cast<std::int64_t>(asked);
  require(sites >= 3, ErrorCode::kUsage, path + ": needs at least three sites in every round: of two, each would read the other's update off the sum");
  require(quorum <= sites, ErrorCode::kUsage, path + ": the quorum is above the number of sites of a round");
  if (s.group_size > 0) validate_groups(s, sites, quorum, rule_needs, path);
  const std::int64_t threshold = threshold_of(s, asked), in_sum = s.group_size > 0 ? s.group_size : sites;
  const std::string of = s.group_size > 0 ? " sites of a group" : " sites of a round";
  require(threshold >= 2 && threshold <= in_sum && 2 * threshold > in_sum, ErrorCode::kUsage, path + ".threshold: expected more than half of the " + std::to_string(in_sum) + of + ", and at most all; found " + std::to_string(threshold));
  require(s.neighbours == 0 || (s.neighbours >= 2 && s.neighbours < in_sum), ErrorCode::kUsage, path + ".neighbours: expected 0, or 2 to below the number of" + of);
  require_fits_ring(s, asked, path);
}

}  // namespace consilium::fl
