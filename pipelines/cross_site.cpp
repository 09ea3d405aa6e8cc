#include "pipelines/cross_site.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "pipelines/report_findings.h"

namespace consilium::pipelines {
namespace {

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }

/// Mean Dice over regions of each of a model's cases at a site.
std::vector<double> dice_of_cases(const RunResults& results, const std::string& model, const std::string& site) {
  std::vector<double> values;
  for (const CaseResult& c : results.cases) {
    if (c.model != model || c.site != site || c.regions.empty()) continue;
    double sum = 0;
    for (const RegionScore& score : c.regions) sum += score.dice;
    values.push_back(sum / static_cast<double>(c.regions.size()));
  }
  return values;
}

Interval interval_of(const std::vector<double>& values, std::uint64_t seed) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  if (values.size() < 3) return {kNone, kNone};
  return values.size() < kFewestForBootstrap ? student_mean_interval(values) : bootstrap_mean_interval(values, Rng(seed).fork("report"));
}

Json matrix_of(const RunResults& results, const std::string& region) {
  Json entries = Json::array();
  for (const ModelSummary& model : results.models)
    for (const SiteSummary& site : results.sites) {
      const MeanScore mean = mean_score(results, model.name, site.name, region);
      if (mean.cases == 0) continue;
      entries.push_back({{"model", model.name}, {"site", site.name}, {"cases", mean.cases}, {"dice", mean.dice}, {"hd95_mm", number_or_null(mean.hd95_mm)}, {"missed", mean.missed}});
    }
  return entries;
}

/// Over all cases of several sites, as mean_score.
MeanScore mean_of_sites(const RunResults& results, const std::string& model, const std::vector<std::string>& sites) {
  RunResults part;
  for (const CaseResult& c : results.cases)
    if (std::find(sites.begin(), sites.end(), c.site) != sites.end()) part.cases.push_back(c);
  return mean_score(part, model, "", "");
}

}  // namespace

std::vector<WorstSite> worst_sites(const RunResults& results) {
  std::vector<WorstSite> worst;
  for (const ModelSummary& model : results.models) {
    WorstSite found{model.name, "", 0, std::numeric_limits<double>::infinity(), {}};
    for (const SiteSummary& site : results.sites) {
      const MeanScore mean = mean_score(results, model.name, site.name, "");
      if (mean.cases == 0 || !(mean.dice < found.dice)) continue;
      found.site = site.name;
      found.cases = mean.cases;
      found.dice = mean.dice;
    }
    if (found.site.empty()) continue;
    found.interval = interval_of(dice_of_cases(results, model.name, found.site), results.seed);
    worst.push_back(found);
  }
  return worst;
}

std::vector<Stratum> strata_of(const RunResults& results) {
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> groups;
  for (const SiteSummary& site : results.sites)
    for (const auto& [key, value] : site.strata) groups[{key, value}].push_back(site.name);
  std::vector<Stratum> strata;
  for (const auto& [name, sites] : groups) {
    Stratum stratum{name.first, name.second, sites, {}};
    for (const ModelSummary& model : results.models) stratum.models.push_back(mean_of_sites(results, model.name, sites));
    strata.push_back(std::move(stratum));
  }
  return strata;
}

Json cross_site(const RunResults& results) {
  Json json{{"schema", "consilium.cross_site/1"}, {"models", Json::array()}, {"sites", Json::array()}, {"regions", Json::object()}, {"worst_site", Json::array()}, {"strata", Json::array()}};
  for (const ModelSummary& model : results.models) json["models"].push_back(model.name);
  for (const SiteSummary& site : results.sites) json["sites"].push_back(site.name);
  for (const std::string& region : results.regions) json["regions"][region] = matrix_of(results, region);
  json["regions"]["mean"] = matrix_of(results, "");
  for (const WorstSite& worst : worst_sites(results))
    json["worst_site"].push_back({{"model", worst.model}, {"site", worst.site}, {"cases", worst.cases}, {"dice", worst.dice}, {"interval", {number_or_null(worst.interval.low), number_or_null(worst.interval.high)}}});
  for (const Stratum& stratum : strata_of(results)) {
    Json models = Json::array();
    for (std::size_t n = 0; n < stratum.models.size(); ++n)
      if (stratum.models[n].cases > 0) models.push_back({{"model", results.models[n].name}, {"cases", stratum.models[n].cases}, {"dice", stratum.models[n].dice}});
    json["strata"].push_back({{"key", stratum.key}, {"value", stratum.value}, {"sites", stratum.sites}, {"models", models}});
  }
  return json;
}

}  // namespace consilium::pipelines
