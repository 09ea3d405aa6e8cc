#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pipelines/run_results.h"
#include "pipelines/statistics.h"

namespace consilium::pipelines {

/// Intervals are percentile bootstraps over cases from this many on; below, where those are too narrow, Student's.
inline constexpr std::size_t kFewestForBootstrap = 10;

/// Paired comparison of two models over the same test cases: first minus second.
struct Comparison {
  std::string model;
  std::string against;
  std::size_t cases = 0;
  std::size_t better = 0;  ///< cases on which `model` scores higher
  std::size_t worse = 0;
  double mean_difference = 0;  ///< of Dice; NaN without cases
  Interval interval;           ///< 95 % interval of it; NaN with fewer than three cases
  double p_value = 1;          ///< Wilcoxon's signed-rank test, two-sided
  double p_holm = 1;           ///< the same, corrected for all comparisons of its table
};

/// What federation bought one site.
struct SiteGain {
  std::string site;
  std::string own;  ///< the model trained on this site alone; empty: there is none
  std::size_t cases = 0;
  double federated_dice = 0;
  double own_dice = 0;     ///< NaN when there is none
  double pooled_dice = 0;  ///< NaN when there is none
  Comparison gain;         ///< federated against own on this site's test cases
  int clear = 0;           ///< 1 it helped, -1 it hurt, by an interval corrected for the number of sites (Bonferroni); else 0
};

/// The numbers that the report speaks of.
struct Findings {
  std::string federated;  ///< name of the federated model; empty: the run has none
  std::string pooled;
  std::vector<SiteGain> sites;    ///< those with test cases, in the order of the run; empty without a federated model
  std::optional<Comparison> own;  ///< federated against each case's own single-site model, over all cases of sites that have one
  std::vector<Comparison> comparisons;  ///< federated against every other model over all cases, mean over regions
  std::string headline;                 ///< a few words
  std::string answer;                   ///< one to three sentences
};

/// Name of the model of kind "single" that was trained on this site alone; empty when there is none.
std::string own_model_of(const RunResults& results, const std::string& site);

/// Dice of `model` minus Dice of `against`, over the cases that both judged, in the order of the run. Empty `against`: each
/// case's own single-site model. Empty `site`: all sites. Empty `region`: mean over regions.
std::vector<double> paired_differences(const RunResults& results, const std::string& model, const std::string& against,
                                       const std::string& site, const std::string& region);

/// Federated against every other model, with Holm's correction over the others. Empty without a federated model.
std::vector<Comparison> compare_federated(const RunResults& results, const std::string& region);

Findings find(const RunResults& results);

}  // namespace consilium::pipelines
