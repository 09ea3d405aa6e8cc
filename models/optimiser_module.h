#pragma once

// Only for .cpp files of this folder: it pulls in all of LibTorch.
#include <torch/torch.h>

#include <memory>

#include "models/optimiser.h"

namespace consilium::models {

/// LibTorch's optimiser over named parameters, with its memory taken from and given back as plain values.
class OptimiserStep {
 public:
  /// Of the parameters that require a gradient. @throws Error{kMismatch} the state is not of these parameters.
  OptimiserStep(const torch::nn::Module& module, const OptimiserOptions& options, const OptimiserState& state);

  /// One step with the gradients there are, bounded to norm 12 (nnU-Net's), at learning rate `rate`.
  void step(double rate);
  void zero_grad() { optimiser_->zero_grad(); }
  /// A parameter that the loss did not reach in this step has the gradient 0: its memory goes on as if it had been reached.
  void complete_gradients();
  OptimiserState state() const;

 private:
  OptimiserOptions options_;
  std::vector<std::pair<std::string, at::Tensor>> parameters_;  ///< sorted by name
  std::unique_ptr<torch::optim::Optimizer> optimiser_;
  std::int64_t steps_ = 0;
};

}  // namespace consilium::models
