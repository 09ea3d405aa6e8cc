#pragma once

#include "models/local_terms.h"
#include "pipelines/round_memory.h"

namespace consilium::pipelines {

/// The sites' half of FedDC; the coordinator's is FedAvg's mean. h_k is how far the site has drifted in all, kept here from h_k = 0:
///
///     local loss   L(y) + alpha / 2 ||h_k + y - w||^2 + <y, g_k - g> / (eta tau)
///     after        h_k <- h_k + y - w;   the site sends y + h_k - w, so that the next w is the mean of y_k + h_k
///
/// g_k is the site's y - w of its last round and g their mean over sites. No message holds g, but a site can work it out: with H the mean of the h_k,
/// two global models in a row differ by g + (H + g), so that g = (w+ - w - H) / 2 and H <- H + g, from H = 0. That is exact while every site takes part with the same weight;
/// an error that an absent site leaves is halved with each round. eta tau is the sum of the last round's learning rates times ||a||_1 / tau (fl/aggregate/fednova.h), 1 / (1 - momentum)
/// in the limit of many steps.
/// Source: Gao et al. 2022, equations 4 to 8 (arXiv:2203.11751).
class SiteFedDc {
 public:
  SiteFedDc(double alpha, const std::filesystem::path& folder) : alpha_(alpha), memory_(folder, "drift") {}

  models::LocalTerms terms(const ModelState& global, std::int64_t round) const;
  /// What the site sends, y + h_k - w; keeps its drift. `step_size`: eta tau of this round.
  ModelState update(const ModelState& global, std::int64_t round, const ModelState& trained, double step_size) const;

 private:
  struct Drift {
    ModelState own;        ///< h_k
    ModelState mean;       ///< H
    ModelState last;       ///< g_k
    ModelState last_mean;  ///< g
    double step_size = 0;  ///< of the last round; 0: there was none
  };
  Drift drift_before(const ModelState& global, std::int64_t round) const;

  double alpha_;
  RoundMemory memory_;
};

}  // namespace consilium::pipelines
