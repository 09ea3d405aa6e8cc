#include "tools/local_time.h"

#include <fmt/format.h>

#include <ctime>

namespace consilium::tools {

void put_local_time(imaging::SegWriteOptions& options) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  options.date = fmt::format("{:04}{:02}{:02}", local.tm_year + 1900, local.tm_mon + 1, local.tm_mday);
  options.time = fmt::format("{:02}{:02}{:02}", local.tm_hour, local.tm_min, local.tm_sec);
}

}  // namespace consilium::tools
