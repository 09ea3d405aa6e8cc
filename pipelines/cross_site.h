#pragma once

#include <string>
#include <vector>

#include "pipelines/run_results.h"
#include "pipelines/statistics.h"

namespace consilium::pipelines {

/// The site at which a model does worst: least mean Dice over cases and regions.
struct WorstSite {
  std::string model;
  std::string site;
  std::size_t cases = 0;
  double dice = 0;
  Interval interval;  ///< 95 %, over the site's cases: bootstrap, with fewer than ten cases Student's, NaN with fewer than three
};
/// One entry per model that judged a case, in the order of the run.
std::vector<WorstSite> worst_sites(const RunResults& results);

/// Sites that share a value of a stratum ("scanner": "1.5 T"), and how each model does on all of their cases.
struct Stratum {
  std::string key, value;
  std::vector<std::string> sites;
  std::vector<MeanScore> models;  ///< in the order of the run; mean over regions
};
/// Sorted by key and value.
std::vector<Stratum> strata_of(const RunResults& results);

/// Every model at every site, as JSON (docs/formats.md).
Json cross_site(const RunResults& results);

}  // namespace consilium::pipelines
