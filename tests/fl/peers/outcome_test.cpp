#include "fl/peers/outcome.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace consilium::fl {
namespace {

RoundReport report_of_a_partial_site() {
  RoundReport report{2, std::string(64, 'a'), std::string(64, 'b'), 0.5, 3, {}};
  report.sites.push_back({"west", Participation::kMerged, "late", 7, {0.25, 3, 1.0 / 3}, {{"loss", 0.5}}});
  return report;
}

/// A site that judges a third of the regions has a third of the say, also where there is no coordinator.
TEST(Outcome, AReportComesBackFromItsJson) {
  const RoundReport report = report_of_a_partial_site();
  EXPECT_EQ(parse_report(to_json(report), "test"), report);
}

TEST(Outcome, AWeightThatCannotBeIsRefused) {
  for (const double weight : {0.0, -1.0, 1.5}) {
    Json json = to_json(report_of_a_partial_site());
    json["sites"][0]["validation_weight"] = weight;
    EXPECT_THROW(parse_report(json, "test"), Error) << weight;
  }
}

}  // namespace
}  // namespace consilium::fl
