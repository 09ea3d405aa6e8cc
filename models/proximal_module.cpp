#include "models/proximal_module.h"

namespace consilium::models {

ProximalTerm::ProximalTerm(const torch::nn::Module& module, double mu) : mu_(mu) {
  if (mu == 0) return;
  for (const at::Tensor& parameter : module.parameters()) anchored_.emplace_back(parameter, parameter.detach().clone());
}

void ProximalTerm::add_to_gradients() const {
  const torch::NoGradGuard no_graph;
  for (const auto& [parameter, anchor] : anchored_)
    if (parameter.grad().defined()) parameter.mutable_grad().add_(parameter - anchor, mu_);
}

}  // namespace consilium::models
