#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace consilium::fl {

/// Seconds since 1970-01-01 in UTC. An argument wherever certificates are judged, so that a test can set it.
using WallClock = std::function<std::int64_t()>;
std::int64_t wall_seconds();  ///< of this machine
double utc_seconds();         ///< the same, with its fraction
/// Of a clock that nobody sets: for what is measured between two moments.
double steady_seconds();

std::string to_iso_time(std::int64_t seconds);  ///< 2026-03-01T12:00:00Z
/// @throws Error{kCorruptData} naming `where`.
std::int64_t parse_iso_time(const std::string& text, const std::string& where);

/// "the clock there is 3 days ahead of the clock here", or empty when they agree within two minutes.
std::string clock_difference(std::int64_t there, std::int64_t here);

}  // namespace consilium::fl
