#pragma once

#include "fl/aggregate/aggregation.h"

namespace consilium::fl::test {

inline AggregationSettings settings_of(const Json& json) {
  AggregationSettings settings;
  SettingsReader reader(json, "aggregation");
  read_aggregation_settings(reader, settings);
  reader.finish();
  return settings;
}

}  // namespace consilium::fl::test
