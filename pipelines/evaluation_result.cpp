#include "pipelines/evaluation_result.h"

#include <cmath>
#include <limits>
#include <optional>

#include "fl/update.h"

namespace consilium::pipelines {
namespace {

/// A figure that the site sent, if it can be one.
std::optional<double> metric_of(const fl::SiteOutcome& site, const std::string& name, double most) {
  const auto found = site.metrics.find(name);
  if (found == site.metrics.end() || !(found->second >= 0 && found->second <= most)) return std::nullopt;
  return found->second;
}

/// The site's figures of one region; null where it did not judge it.
Json region_result(const fl::SiteOutcome& site, const std::string& region) {
  constexpr double kMostMm = 1e6;
  const auto dice = metric_of(site, "dice/" + region, 1), cases = metric_of(site, "cases/" + region, fl::kMostCases);
  if (!dice || !cases || *cases < 1) return {};
  const auto hd95 = metric_of(site, "hd95_mm/" + region, kMostMm);
  return {{"dice", *dice}, {"hd95_mm", hd95 ? Json(*hd95) : Json()}, {"missed", std::llround(metric_of(site, "missed/" + region, fl::kMostCases).value_or(0))}, {"cases", std::llround(*cases)}};
}

void add_means(Json& result) {
  for (const char* region : {"WT", "TC", "ET", "lesion"}) {
    double dice = 0, cases = 0, worst = std::numeric_limits<double>::infinity();
    std::string where;
    for (const Json& site : result["sites"]) {
      const auto judged = site["regions"].find(region);
      if (judged == site["regions"].end()) continue;
      const double own = (*judged)["dice"], count = (*judged)["cases"];
      dice += own * count;
      cases += count;
      if (own < worst) worst = own, where = site["site"];
    }
    if (cases > 0) result["mean"][region] = {{"dice", dice / cases}, {"cases", std::llround(cases)}, {"worst_site", where}, {"worst_dice", worst}};
  }
}

}  // namespace

Json evaluation_result(const fl::RoundReport& last_look) {
  Json result{{"schema", "consilium.federated_evaluation/1"}, {"model", last_look.base_digest}, {"sites", Json::array()}, {"mean", Json::object()}};
  for (const fl::SiteOutcome& site : last_look.sites) {
    Json entry{{"site", site.site}, {"outcome", std::string(fl::to_string(site.participation))}, {"reason", site.reason}, {"segmented", std::llround(metric_of(site, "segmented", fl::kMostCases).value_or(0))}, {"regions", Json::object()}};
    for (const char* region : {"WT", "TC", "ET", "lesion"})
      if (Json judged = region_result(site, region); !judged.is_null()) entry["regions"][region] = std::move(judged);
    result["sites"].push_back(std::move(entry));
  }
  add_means(result);
  return result;
}

}  // namespace consilium::pipelines
