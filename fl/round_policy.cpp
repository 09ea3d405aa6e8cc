#include "fl/round_policy.h"

#include <cmath>

#include "base/error.h"

namespace consilium::fl {

void read_round_policy(SettingsReader& reader, RoundPolicy& p) {
  reader.field("close_after", p.close_after);
  reader.choice("late", p.late, {{"refuse", LateUpdates::kRefuse}, {"merge", LateUpdates::kMerge}});
  reader.field("most_staleness", p.most_staleness);
  reader.field("start_seconds", p.start_seconds);
  reader.field("cases_quorum", p.cases_quorum);
  reader.field("abandon_seconds", p.abandon_seconds);
  reader.object("selection", [&](SettingsReader& selection) { read_selection(selection, p.selection); });
}

Json to_json(const RoundPolicy& p) {
  return {{"close_after", p.close_after},     {"late", p.late == LateUpdates::kMerge ? "merge" : "refuse"}, {"most_staleness", p.most_staleness},  {"start_seconds", p.start_seconds},
          {"cases_quorum", p.cases_quorum}, {"abandon_seconds", p.abandon_seconds},                       {"selection", to_json(p.selection)}};
}

void validate(const RoundPolicy& p, std::size_t sites, const std::string& path) {
  const auto check = [&](bool good, const char* key, const std::string& expected) { require(good, ErrorCode::kUsage, path + "." + key + ": expected " + expected); };
  check(p.close_after >= 0 && p.close_after <= static_cast<std::int64_t>(sites), "close_after", "0 to the number of sites, found " + std::to_string(p.close_after));
  check(p.most_staleness >= 1 && p.most_staleness <= 1000, "most_staleness", "1 to 1000, found " + std::to_string(p.most_staleness));
  check(std::isfinite(p.start_seconds) && p.start_seconds >= 0, "start_seconds", "0 or more");
  check(p.cases_quorum >= 0 && p.cases_quorum <= 1, "cases_quorum", "0 to 1");
  check(std::isfinite(p.abandon_seconds) && p.abandon_seconds > 0, "abandon_seconds", "a number above 0");
  check(p.selection.sites <= static_cast<std::int64_t>(sites), "selection.sites", "at most the number of sites, found " + std::to_string(p.selection.sites));
}

double staleness_discount(std::int64_t rounds) { return 1 / std::sqrt(1 + static_cast<double>(rounds)); }

}  // namespace consilium::fl
