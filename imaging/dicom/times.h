#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace consilium::imaging {

// Dates and times of DICOM (VR DA, TM, DT) in seconds; nothing where they are none. Only for imaging/dicom/*.cpp. Source: DICOM PS3.5 section 6.2.

/// YYYYMMDD, since 1 January 1970.
std::optional<double> date_s(const std::string& text);

/// HHMMSS.FFFFFF, since midnight; it may be cut short anywhere after `least_digits`.
std::optional<double> time_of_day_s(const std::string& text, std::size_t least_digits = 2);

/// YYYYMMDDHHMMSS.FFFFFF&ZZXX, since 1 January 1970; the zone is not looked at.
std::optional<double> date_time_s(const std::string& text);

}  // namespace consilium::imaging
