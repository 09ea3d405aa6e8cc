#pragma once

#include <functional>

namespace consilium::models {

/// DP-SGD: steps whose gradient tells little of any one case.
///
/// In each step every case is drawn with probability q, whoever else is (Poisson sampling); the gradient g_i of the mean loss of a case's `patches` patches, over all
/// trained parameters together, is shortened to the norm C; the step's gradient is
///
///     (sum_i g_i min(1, C / |g_i|) + N(0, (z C)^2)) / (q N)
///
/// for N cases: the batch's expected size, not the size it happened to have. A batch without cases is noise alone, and a step. The example is the case: all patches of a
/// patient in a step are one example, so the guarantee is the patient's. Source: Abadi et al. 2016 (arXiv:1607.00133), algorithm 1.
struct PrivateSteps {
  double clip = 0;              ///< C; 0: plain steps
  double noise_multiplier = 1;  ///< z
  double sampling_rate = 1;     ///< q, (0, 1]
  int patches = 1;              ///< of a case in a step; fit.batch has no say
  std::function<double()> uniform{};  ///< [0, 1]: draws the cases. As secret as the noise, or sampling adds nothing to privacy
  std::function<double()> normal{};   ///< mean 0, variance 1
};

}  // namespace consilium::models
