#include "pipelines/contributions.h"

#include <algorithm>
#include <map>

#include "base/files.h"
#include "fl/run_store.h"

namespace consilium::pipelines {
namespace {

/// Sums while rounds are added, means at the end.
struct Sums {
  SiteContribution sum;
  std::int64_t weighed = 0;  ///< rounds in which the rule had a share for it

  void add(const std::map<std::string, double>& metrics) {
    const auto value = [&](const char* name) { return metrics.contains(name) ? metrics.at(name) : 0; };
    ++sum.rounds;
    sum.update_norm += value("update_norm");
    sum.cosine_to_mean += value("cosine_to_mean");
    sum.leave_one_out += value("leave_one_out");
    if (metrics.contains("likeness")) sum.likeness = std::max(sum.likeness, metrics.at("likeness"));
    if (!metrics.contains("rule_weight")) return;
    sum.rule_weight = (weighed == 0 ? 0 : sum.rule_weight) + metrics.at("rule_weight");
    ++weighed;
  }
  SiteContribution mean() const {
    SiteContribution c = sum;
    for (double* value : {&c.update_norm, &c.cosine_to_mean, &c.leave_one_out}) *value /= static_cast<double>(c.rounds);
    if (weighed > 0) c.rule_weight /= static_cast<double>(weighed);
    return c;
  }
};

}  // namespace

std::vector<SiteContribution> read_contributions(const fs::path& folder, int fold) {
  std::vector<SiteContribution> found;
  if (!fs::exists(folder / "run.sqlite")) return found;  // peers without coordinator
  const fl::Sqlite database(folder / "run.sqlite", fl::SqliteMode::kRead);
  if (!database.has_table("metrics")) return found;
  std::map<std::string, Sums> sums;
  for (const fl::RoundReport& report : fl::read_reports(database))
    for (const fl::SiteOutcome& site : report.sites)
      if (site.metrics.contains("update_norm")) sums[site.site].add(site.metrics);
  for (const auto& [site, of_site] : sums) {
    found.push_back(of_site.mean());
    found.back().fold = fold;
    found.back().site = site;
  }
  return found;
}

}  // namespace consilium::pipelines
