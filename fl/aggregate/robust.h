#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "fl/aggregate/average.h"

namespace consilium::fl {

// Rules that hold while some of the sites send whatever they like. Group by group, over the sites that trained a group, as the mean is; a group that fewer sites trained
// than the rule needs stays as it is in that round. Two passes over the updates on disk at most; memory does not grow with the model.

struct RobustSettings {
  double bound = 0;              ///< norm_bound: longest update; 0: the median of the lengths of the round
  double cap = 1.5;              ///< norm_bound: most that a site counts for, in equal shares; what is cut off goes to the others
  double trim = 0.2;             ///< trimmed_mean: part that is left out at either end, [0, 0.5)
  std::int64_t attackers = 1;    ///< krum, multi_krum, bulyan: sites that may lie
  std::int64_t keep = 0;         ///< multi_krum: updates that are averaged; 0: all but `attackers`
  std::int64_t iterations = 32;  ///< geometric_median
  std::int64_t bucket = 1;       ///< median, trimmed_mean, krum, multi_krum, bulyan, geometric_median: updates that are averaged at random before the rule looks (fl/aggregate/bucketing.h)
  std::string root{};            ///< fltrust: the site whose data are trusted

  bool operator==(const RobustSettings&) const = default;
};

/// A model, and what each site's update counted for in it: coefficients, averaged over the model's values. Rules that look at values one by one have none.
struct WeighedModel {
  ModelState global;
  SiteWeights weights;
};

/// w + sum share_k min(1, bound / ||D_k||) D_k.
WeighedModel norm_bounded_mean(const RobustSettings& settings, const ModelState& global, std::span<const Update> updates);
WeighedModel geometric_median_step(const RobustSettings& settings, const ModelState& global, std::span<const Update> updates);
/// The mean of the `keep` updates of the least Krum scores; Krum itself: `keep` 1.
WeighedModel multi_krum_step(const RobustSettings& settings, const ModelState& global, std::span<const Update> updates);
WeighedModel fl_trust_step(const RobustSettings& settings, const ModelState& global, std::span<const Update> updates);
WeighedModel median_step(const RobustSettings& settings, const ModelState& global, std::span<const Update> updates);
WeighedModel trimmed_mean_step(const RobustSettings& settings, const ModelState& global, std::span<const Update> updates);
WeighedModel bulyan_step(const RobustSettings& settings, const ModelState& global, std::span<const Update> updates);

}  // namespace consilium::fl
