#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/settings.h"

namespace consilium::fl {

/// What the plan says of secure aggregation (docs/secure_aggregation.md). Every site reads it, and judges it, before it answers.
struct SecureAggregationSettings {
  std::int64_t threshold = 0;       ///< sites that must go all the way, and whose shares open a mask; 0: two thirds of those asked. More than half of them
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

/// Sites of `asked` that must go all the way: as set, or two thirds of them, at least two.
std::int64_t threshold_of(const SecureAggregationSettings& settings, std::size_t asked);

/// Fewer than three sites, a threshold that is not above half of the sites, or more than there are; and sums that the ring cannot hold.
/// @throws Error{kUsage} naming the field below `path`.
void validate(const SecureAggregationSettings& settings, std::size_t asked, std::int64_t quorum, const std::string& path);

}  // namespace consilium::fl
