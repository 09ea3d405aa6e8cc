#include "imaging/dicom/times.h"

#include <cctype>
#include <cstdlib>

namespace consilium::imaging {
namespace {

/// Days since 1 January 1970 of the Gregorian calendar.
double days_of(int year, int month, int day) {
  const int y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;
  return 365.0 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

bool is_digits(const std::string& text, std::size_t count) {
  if (text.size() < count) return false;
  for (std::size_t n = 0; n < count; ++n)
    if (std::isdigit(static_cast<unsigned char>(text[n])) == 0) return false;
  return true;
}

int digits(const std::string& text, std::size_t at, std::size_t count) { return std::atoi(text.substr(at, count).c_str()); }

}  // namespace

std::optional<double> date_s(const std::string& text) {
  if (!is_digits(text, 8)) return std::nullopt;
  return 86400.0 * days_of(digits(text, 0, 4), digits(text, 4, 2), digits(text, 6, 2));
}

std::optional<double> time_of_day_s(const std::string& text, std::size_t least_digits) {
  if (!is_digits(text, least_digits)) return std::nullopt;
  double seconds = 3600.0 * digits(text, 0, 2);
  if (is_digits(text, 4)) seconds += 60.0 * digits(text, 2, 2);
  if (is_digits(text, 6)) seconds += std::strtod(text.substr(4).c_str(), nullptr);
  return seconds;
}

std::optional<double> date_time_s(const std::string& text) {
  const auto day = date_s(text);
  const auto of_day = day ? time_of_day_s(text.substr(8, text.find_first_of("+-") - 8)) : std::nullopt;
  return of_day ? std::optional<double>(*day + *of_day) : std::nullopt;
}

}  // namespace consilium::imaging
