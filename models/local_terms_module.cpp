#include "models/local_terms_module.h"

#include <algorithm>

#include "base/error.h"
#include "models/named_tensor_module.h"

namespace consilium::models {
namespace {

/// The tensor of a state that belongs to a parameter, in the parameter's own type.
at::Tensor matching(const ModelState& state, const std::string& name, const at::Tensor& parameter) {
  const NamedTensor* found = find_tensor(state, name);
  require(found != nullptr && found->shape == parameter.sizes().vec(), ErrorCode::kMismatch, "no tensor " + name + " of the network's shape is given");
  return tensor_of(*found).to(parameter.options());
}

void add(const std::vector<std::pair<at::Tensor, at::Tensor>>& pairs, const std::function<void(at::Tensor&, const at::Tensor&, const at::Tensor&)>& to) {
  const torch::NoGradGuard no_graph;
  for (const auto& [parameter, tensor] : pairs)
    if (parameter.grad().defined()) to(parameter.mutable_grad(), parameter, tensor);
}

}  // namespace

ProximalTerm::ProximalTerm(const torch::nn::Module& module, double mu, const ModelState& anchor) : mu_(mu) {
  if (mu == 0) return;
  for (const auto& entry : module.named_parameters())
    anchored_.emplace_back(entry.value(), anchor.tensors.empty() ? entry.value().detach().clone() : matching(anchor, entry.key(), entry.value()));
}

void ProximalTerm::add_to_gradients() const {
  add(anchored_, [&](at::Tensor& gradient, const at::Tensor& y, const at::Tensor& w) { gradient.add_(y - w, mu_); });
}

GradientShift::GradientShift(const torch::nn::Module& module, const ModelState& shift) {
  if (shift.tensors.empty()) return;
  for (const auto& entry : module.named_parameters()) shifted_.emplace_back(entry.value(), matching(shift, entry.key(), entry.value()));
}

void GradientShift::add_to_gradients() const {
  add(shifted_, [](at::Tensor& gradient, const at::Tensor&, const at::Tensor& shift) { gradient.add_(shift); });
}

GradientRecord::GradientRecord(const torch::nn::Module& module, bool wanted) {
  if (!wanted) return;
  for (const auto& entry : module.named_parameters()) sums_.emplace_back(entry.key(), entry.value(), torch::zeros_like(entry.value(), torch::kFloat64));
  std::sort(sums_.begin(), sums_.end(), [](const auto& a, const auto& b) { return std::get<0>(a) < std::get<0>(b); });
}

void GradientRecord::add() {
  const torch::NoGradGuard no_graph;
  ++count_;
  for (auto& [name, parameter, sum] : sums_)
    if (parameter.grad().defined()) sum.add_(parameter.grad());
}

ModelState GradientRecord::mean() const {
  ModelState state;
  for (const auto& [name, parameter, sum] : sums_) {
    const at::Tensor mean = (sum / static_cast<double>(std::max<std::int64_t>(1, count_))).to(torch::kCPU, torch::kFloat32).contiguous();
    const float* values = mean.data_ptr<float>();
    state.tensors.push_back({name, "", mean.sizes().vec(), std::vector<float>(values, values + mean.numel())});
  }
  return state;
}

FrozenScope::FrozenScope(const torch::nn::Module& module, const std::vector<std::string>& names) {
  const auto parameters = module.named_parameters();
  for (const std::string& name : names) require(parameters.contains(name), ErrorCode::kMismatch, "no tensor " + name + " to freeze");
  for (const std::string& name : names) {
    if (!parameters[name].requires_grad()) continue;
    frozen_.push_back(parameters[name]);
    frozen_.back().mutable_grad() = at::Tensor();
    frozen_.back().requires_grad_(false);
  }
}

FrozenScope::~FrozenScope() {
  for (at::Tensor& parameter : frozen_) parameter.requires_grad_(true);
}

}  // namespace consilium::models
