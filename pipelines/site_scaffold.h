#pragma once

#include "models/local_terms.h"
#include "pipelines/local_training.h"
#include "pipelines/round_memory.h"

namespace consilium::pipelines {

/// The sites' half of SCAFFOLD. c is the federation's control variate, received with the model; c_k is the site's, which starts at 0 and stays here:
///
///     y <- y - eta (g(y) - c_k + c)                                     in every local step
///     c_k+ = c_k - c + (w - y) / (tau eta)                              option 2: tau steps at rate eta; here tau eta is the sum of the rates
///     c_k+ = mean of g(y) over the steps                                mean gradient: the same number for plain SGD, and right for every optimiser
///
/// Delta_c = c_k+ - c_k is sent. Gradients are those of the loss: neither the correction nor the bound on their norm is in the recorded mean.
/// Source: Karimireddy et al. 2020, algorithm 1 and equation 4 (arXiv:1910.06378).
class SiteScaffold {
 public:
  SiteScaffold(ControlVariates kind, const std::filesystem::path& folder) : kind_(kind), memory_(folder, "control") {}

  /// For a round that starts from `received`, the model with the control variates. @throws Error{kMismatch} it has none.
  models::LocalTerms terms(const ModelState& received, std::int64_t round) const;
  /// Delta_c of that round, under the model's names; keeps c_k+. `rates`: sum of the steps' learning rates.
  ModelState change(const ModelState& received, std::int64_t round, const ModelState& trained, const ModelState& mean_gradient, double rates) const;

 private:
  ModelState own(const ModelState& control, std::int64_t round) const;

  ControlVariates kind_;
  RoundMemory memory_;
};

}  // namespace consilium::pipelines
