#pragma once

// Only for .cpp files of this folder: it pulls in all of LibTorch.
#include <torch/torch.h>

#include <vector>

#include "models/private_steps.h"

namespace consilium::models {

/// Sums up the clipped gradients of one step's cases, and gives the noisy mean back to the parameters.
class PrivateGradient {
 public:
  /// Of the parameters that require a gradient. @throws Error{kUsage} an option out of range, or no source of noise.
  PrivateGradient(const torch::nn::Module& module, const PrivateSteps& options, std::size_t cases);

  bool draws_case() const { return options_.uniform() <= options_.sampling_rate; }
  /// After backward() of one case's loss: takes its gradient, clipped, and leaves none. One that is not finite counts as 0: a case must not end the training.
  void add_case();
  /// Noise on the sum, divided by the expected number of cases, as every parameter's gradient; the next step begins with 0.
  void finish();

 private:
  PrivateSteps options_;
  double expected_cases_;
  std::vector<std::pair<at::Tensor, at::Tensor>> sums_;  ///< parameter, sum
};

}  // namespace consilium::models
