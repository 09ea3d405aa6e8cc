#pragma once

#include <optional>
#include <string>

namespace consilium::imaging {

/// A DICOM date (YYYYMMDD, or YYYY.MM.DD of before 1993), so many days earlier; nothing where it is none.
std::optional<std::string> earlier_date(const std::string& date, int days);

/// A DICOM date-time (YYYYMMDDHHMMSS.FFFFFF&ZZXX), its date so many days earlier, the rest as it was. One that names a year or a
/// month only counts from its first day and keeps its precision.
std::optional<std::string> earlier_date_time(const std::string& date_time, int days);

}  // namespace consilium::imaging
