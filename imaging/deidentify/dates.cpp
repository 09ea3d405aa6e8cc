#include "imaging/deidentify/dates.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdio>

namespace consilium::imaging {
namespace {

bool is_digits(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::optional<std::string> earlier(const std::string& eight_digits, int days) {
  namespace chrono = std::chrono;
  if (eight_digits.size() != 8 || !is_digits(eight_digits)) return std::nullopt;
  const chrono::year_month_day day{chrono::year(std::stoi(eight_digits.substr(0, 4))), chrono::month(static_cast<unsigned>(std::stoi(eight_digits.substr(4, 2)))),
                           chrono::day(static_cast<unsigned>(std::stoi(eight_digits.substr(6, 2))))};
  if (!day.ok()) return std::nullopt;
  const chrono::year_month_day moved(chrono::sys_days(day) - chrono::days(days));
  const int moved_year = static_cast<int>(moved.year());
  if (moved_year < 0) return std::nullopt;
  char text[32];
  std::snprintf(text, sizeof text, "%04d%02u%02u", moved_year, static_cast<unsigned>(moved.month()), static_cast<unsigned>(moved.day()));
  return text;
}

}  // namespace

std::optional<std::string> earlier_date(const std::string& date, int days) {
  std::string plain = date;
  if (plain.size() == 10 && plain[4] == '.' && plain[7] == '.') plain = plain.substr(0, 4) + plain.substr(5, 2) + plain.substr(8, 2);
  return earlier(plain, days);
}

std::optional<std::string> earlier_date_time(const std::string& date_time, int days) {
  const std::size_t digits = static_cast<std::size_t>(std::find_if(date_time.begin(), date_time.end(), [](unsigned char c) { return std::isdigit(c) == 0; }) - date_time.begin());
  if (digits >= 8) {
    const auto date = earlier(date_time.substr(0, 8), days);
    return date ? std::optional(*date + date_time.substr(8)) : std::nullopt;
  }
  if (digits != 4 && digits != 6) return std::nullopt;
  const auto date = earlier(date_time.substr(0, digits) + (digits == 4 ? "0101" : "01"), days);
  return date ? std::optional(date->substr(0, digits) + date_time.substr(digits)) : std::nullopt;
}

}  // namespace consilium::imaging
