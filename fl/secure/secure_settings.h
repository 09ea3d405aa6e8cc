#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/settings.h"

namespace consilium::fl {

/// What the plan says of secure aggregation (docs/secure_aggregation.md). Every site reads it, and judges it, before it answers.
struct SecureAggregationSettings {
  std::int64_t threshold = 0;       ///< sites that must go all the way, and whose shares open a mask; 0: two thirds of those asked, or of a group. More than half of them
  std::int64_t group_size = 0;      ///< 0: one sum of all; else sums of groups of so many sites or a few more, which a robust rule compares (fl/secure/group_draw.h)
  std::int64_t least_groups = 0;    ///< that must be left for a step; 0: as many as the aggregation rule needs, and three
  double clip = 8;                  ///< largest magnitude of a value of an update; what is beyond is cut off, and its share reported
  std::int64_t fraction_bits = 24;  ///< a value is sent as a multiple of 2^-fraction_bits
  std::int64_t most_cases = 100000; ///< that a site may count for a group
  double norm_bound = 0;            ///< L2 length to which every site shortens its update before it is masked; 0: none
  std::int64_t neighbours = 0;      ///< sites with which each shares its masks; 0: all up to 30 sites, above by the table of docs/secure_aggregation.md
  double stage_seconds = 60;        ///< for a step without a large file; the masked update has deadline_seconds
  std::vector<std::string> metrics{"loss"};  ///< of the sites' words about their training, those whose mean is told: the others stay at the site

  bool operator==(const SecureAggregationSettings&) const = default;
};

/// JSON keys are the field names. @throws Error{kUsage} naming the field: a value out of range, a name of a metric that is no word.
void read_secure_aggregation_settings(SettingsReader& reader, SecureAggregationSettings& settings);
Json to_json(const SecureAggregationSettings& settings);

/// Sites of `asked` that must go all the way, or, with groups, of the smallest group: as set, or two thirds of them, at least two.
std::int64_t threshold_of(const SecureAggregationSettings& settings, std::size_t asked);
/// The same of a sum over `sites`. A group is larger than group_size where sites are left over: then two thirds of it, if that is more than the plan's threshold.
/// @pre `settings` are a plan's: their threshold is set
std::int64_t threshold_in_sum(const SecureAggregationSettings& settings, std::size_t sites);

/// Two groups that differ show that one of them lies, and not which.
inline constexpr std::int64_t kLeastGroups = 3;
/// Groups without which a round makes no step, where the rule needs `rule_needs` updates.
std::int64_t least_groups_of(const SecureAggregationSettings& settings, std::int64_t rule_needs);

/// Fewer than three sites in a sum, a threshold that is not above half of the sites, or more than there are; fewer groups than the rule needs; and sums that the ring cannot hold.
/// `rule_needs`: updates without which the aggregation rule makes no step. @throws Error{kUsage} naming the field below `path`.
void validate(const SecureAggregationSettings& settings, std::size_t asked, std::int64_t quorum, std::int64_t rule_needs, const std::string& path);

}  // namespace consilium::fl
