#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/settings.h"

namespace consilium::fl {

/// The settings that every way of hiding updates in a sum has (fl/secure/secure_settings.h, fl/encrypt/encryption_settings.h), which say what they mean.
struct SummedFields {
  double& clip;
  std::int64_t& fraction_bits;
  std::int64_t& most_cases;
  double& stage_seconds;
  std::vector<std::string>& metrics;
};

/// JSON keys are the field names. @throws Error{kUsage} naming the field: a value out of range, a name of a metric that is no word.
void read_summed_fields(SettingsReader& reader, const SummedFields& fields);

}  // namespace consilium::fl
