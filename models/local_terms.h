#pragma once

#include <string>
#include <vector>

#include "models/state/model_state.h"

namespace consilium::models {

/// What a federation's site adds to the gradient of its loss at the weights y of each step, before the optimiser sees it:
///
///     g(y) + proximal_mu (y - anchor) + shift
///
/// FedProx: proximal_mu around the global model. Ditto: the same, for a model of the site's own. SCAFFOLD: shift = c - c_k. FedDC: both, around w - h_k.
/// An adaptive optimiser rescales the sum like any other gradient.
struct LocalTerms {
  double proximal_mu = 0;
  ModelState anchor{};         ///< empty: the weights that the segmenter comes with
  ModelState shift{};          ///< empty: none
  bool record_gradient = false;  ///< for FitReport::mean_gradient
  std::vector<std::string> frozen{};  ///< tensors that keep their values; the optimiser's memory does not hold them
};

}  // namespace consilium::models
