#pragma once

// Only for .cpp files of this folder: it pulls in all of LibTorch.
#include <torch/torch.h>

#include <string>
#include <utility>
#include <vector>

#include "models/local_terms.h"

namespace consilium::models {

/// The proximal term mu / 2 ||y - w||^2: its gradient mu (y - w) is added to what the loss left, which costs no graph.
/// Source: Li et al. 2020, equation 2 (arXiv:1812.06127).
class ProximalTerm {
 public:
  /// Around `anchor`, or a copy of the parameters as they are now; keeps nothing if `mu` is 0.
  /// @throws Error{kMismatch} an anchor of another network.
  ProximalTerm(const torch::nn::Module& module, double mu, const ModelState& anchor = {});
  /// After backward(), before the optimiser's step.
  void add_to_gradients() const;

 private:
  double mu_;
  std::vector<std::pair<at::Tensor, at::Tensor>> anchored_;  ///< parameter, w
};

/// The same tensor added to a parameter's gradient in every step.
class GradientShift {
 public:
  /// @throws Error{kMismatch} a shift of another network.
  GradientShift(const torch::nn::Module& module, const ModelState& shift);
  void add_to_gradients() const;

 private:
  std::vector<std::pair<at::Tensor, at::Tensor>> shifted_;  ///< parameter, shift
};

/// The mean over steps of the gradients that the loss left.
class GradientRecord {
 public:
  GradientRecord(const torch::nn::Module& module, bool wanted);
  /// After backward(), before anything is added.
  void add();
  /// Under the parameters' names; empty if not wanted, zero for a parameter without gradients.
  ModelState mean() const;

 private:
  std::vector<std::tuple<std::string, at::Tensor, at::Tensor>> sums_;  ///< name, parameter, float64 sum
  std::int64_t count_ = 0;
};

/// Takes parameters out of training for its scope; what is not trained anyway stays so after it.
class FrozenScope {
 public:
  /// @throws Error{kMismatch} a name that the network does not have.
  FrozenScope(const torch::nn::Module& module, const std::vector<std::string>& names);
  ~FrozenScope();
  FrozenScope(const FrozenScope&) = delete;

 private:
  std::vector<at::Tensor> frozen_;
};

}  // namespace consilium::models
