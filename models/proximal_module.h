#pragma once

// Only for .cpp files of this folder: it pulls in all of LibTorch.
#include <torch/torch.h>

#include <utility>
#include <vector>

namespace consilium::models {

/// FedProx's proximal term mu / 2 ||y - w||^2 around the weights w that a site received: its gradient mu (y - w) is added to what the
/// loss left, which costs no graph. With an adaptive optimiser the sum is rescaled like any other gradient.
/// Source: Li et al. 2020, equation 2 (arXiv:1812.06127).
class ProximalTerm {
 public:
  /// Keeps a copy of the parameters as they are now; none if `mu` is 0.
  ProximalTerm(const torch::nn::Module& module, double mu);
  /// After backward(), before the optimiser's step.
  void add_to_gradients() const;

 private:
  double mu_;
  std::vector<std::pair<at::Tensor, at::Tensor>> anchored_;  ///< parameter, w
};

}  // namespace consilium::models
