#include "fl/wall_clock.h"

#include <chrono>
#include <cstdlib>
#include <ctime>

#include "base/error.h"

namespace consilium::fl {
namespace {

/// A round trip and an unhurried NTP client; certificates are valid from an hour before they were made.
constexpr std::int64_t kUnremarkableSeconds = 120;

std::string count_of(std::int64_t seconds) {
  const auto words = [](std::int64_t count, const char* unit) { return std::to_string(count) + " " + unit + (count == 1 ? "" : "s"); };
  if (seconds >= 2 * 86400) return words(seconds / 86400, "day");
  if (seconds >= 2 * 3600) return words(seconds / 3600, "hour");
  return words(seconds / 60, "minute");
}

}  // namespace

std::int64_t wall_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double utc_seconds() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

double steady_seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

std::string to_iso_time(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  require(gmtime_r(&time, &parts) != nullptr, ErrorCode::kCorruptData, "a time out of range");
  char text[64];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::int64_t parse_iso_time(const std::string& text, const std::string& where) {
  std::tm parts{};
  const char* end = text.size() == 20 ? strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts) : nullptr;
  require(end != nullptr && *end == '\0', ErrorCode::kCorruptData,
          where + ": expected a time like 2026-03-01T12:00:00Z, found \"" + text.substr(0, 40) + "\"");
  return timegm(&parts);
}

std::string clock_difference(std::int64_t there, std::int64_t here) {
  // From a peer: no arithmetic that overflows.
  if (there < 0 || there > 253402300799) return "the clock there is out of range";
  const std::int64_t ahead = there - here;
  if (std::llabs(ahead) <= kUnremarkableSeconds) return "";
  return "the clock there is " + count_of(std::llabs(ahead)) + (ahead > 0 ? " ahead of" : " behind") + " the clock here";
}

}  // namespace consilium::fl
