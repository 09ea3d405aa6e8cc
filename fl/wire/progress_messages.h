#pragma once

#include <vector>

#include "consilium/fl/v1/progress.pb.h"
#include "fl/event.h"
#include "fl/site_progress.h"

namespace consilium::fl {

v1::SiteReport to_message(const SiteReport& report);
/// Checked before use: ranges, lengths, and only such states as a site can be in. A loss that is not finite is left out, a device's name made plain.
/// @throws Error{kCorruptData} naming the field.
SiteReport from_message(const v1::SiteReport& message);

struct Observed {
  std::vector<Event> events, latest;
};
v1::Observation to_message(const Observed& observed);
/// @throws Error{kCorruptData}
Observed from_message(const v1::Observation& message);

}  // namespace consilium::fl
