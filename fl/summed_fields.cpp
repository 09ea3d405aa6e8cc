#include "fl/summed_fields.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include "base/error.h"

namespace consilium::fl {
namespace {

constexpr std::size_t kMostMetrics = 32;

bool is_word(const std::string& name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-'; });
}

}  // namespace

void read_summed_fields(SettingsReader& reader, const SummedFields& f) {
  reader.field("clip", f.clip);
  reader.field("fraction_bits", f.fraction_bits);
  reader.field("most_cases", f.most_cases);
  reader.field("stage_seconds", f.stage_seconds);
  reader.field("metrics", f.metrics);
  const auto check = [&](bool good, const char* key, const char* expected) { require(good, ErrorCode::kUsage, reader.path() + "." + key + ": expected " + expected); };
  check(std::isfinite(f.clip) && f.clip > 0 && f.clip <= 1e6, "clip", "above 0 to 1000000");
  check(f.fraction_bits >= 1 && f.fraction_bits <= 48, "fraction_bits", "1 to 48");
  check(f.most_cases >= 1 && f.most_cases <= 1000000, "most_cases", "1 to 1000000");
  check(std::isfinite(f.stage_seconds) && f.stage_seconds > 0 && f.stage_seconds <= 1e6, "stage_seconds", "above 0 to 1000000");
  check(f.metrics.size() <= kMostMetrics && std::all_of(f.metrics.begin(), f.metrics.end(), is_word) && std::set(f.metrics.begin(), f.metrics.end()).size() == f.metrics.size(), "metrics",
        "at most 32 names, none twice, of letters, digits, '_', '-' and '.'");
}

}  // namespace consilium::fl
