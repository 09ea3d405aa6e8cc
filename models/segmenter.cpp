#include "models/segmenter.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "base/error.h"
#include "models/named_tensor_module.h"
#include "models/segmenter_net.h"
#include "models/tensor_group.h"

namespace consilium::models {

namespace {

std::map<std::string, at::Tensor> sorted_parameters(const std::shared_ptr<NetworkImpl>& module) {
  std::map<std::string, at::Tensor> sorted;
  for (const auto& entry : module->named_parameters()) sorted[entry.key()] = entry.value();
  return sorted;
}

/// Leaves gradients off for its scope.
void fill(at::Tensor& parameter, const float* values) {
  const torch::NoGradGuard no_grad;
  const at::Tensor source = torch::from_blob(const_cast<float*>(values), parameter.sizes(), torch::kFloat32);
  parameter.copy_(source);
}

void initialise(at::Tensor& parameter, const std::string& name, Rng rng) {
  std::vector<float> values(static_cast<std::size_t>(parameter.numel()), 0);
  if (parameter.dim() == 5) {
    // Inputs of one output: a transposed convolution has them in its first dimension, and each output voxel sees one tap.
    const bool transposed = name.find("transp_conv") != std::string::npos;
    const double fan_in = static_cast<double>(transposed ? parameter.size(0) : parameter.numel() / parameter.size(0));
    const double deviation = std::sqrt(2.0 / ((1 + 0.01 * 0.01) * fan_in));
    for (float& value : values) value = static_cast<float>(rng.normal(0, deviation));
  } else if (parameter.dim() == 2 && !name.starts_with("attention.out.")) {
    const double deviation = std::sqrt(2.0 / static_cast<double>(parameter.size(1)));
    for (float& value : values) value = static_cast<float>(rng.normal(0, deviation));
  } else if (name.find("norm") != std::string::npos && name.ends_with(".weight")) {
    std::fill(values.begin(), values.end(), 1.0F);
  }
  fill(parameter, values.data());
}

}  // namespace

Segmenter::Segmenter(const UNetOptions& options, const Rng& init) : net_(std::make_unique<Net>(Net{make_network(options)})) {
  for (auto& [name, parameter] : sorted_parameters(net_->module)) initialise(parameter, name, init.fork(name));
}
Segmenter::~Segmenter() = default;
Segmenter::Segmenter(Segmenter&&) noexcept = default;
Segmenter& Segmenter::operator=(Segmenter&&) noexcept = default;

const UNetOptions& Segmenter::options() const { return net_->module->options; }

c10::Device Segmenter::device() const { return net_->module->device(); }

void Segmenter::move_to(c10::Device device) { net_->module->to(device); }

std::int64_t Segmenter::parameter_count() const {
  std::int64_t count = 0;
  for (const auto& [name, parameter] : sorted_parameters(net_->module)) count += parameter.numel();
  return count;
}

ModelState Segmenter::state() const {
  ModelState state;
  for (const auto& [name, parameter] : sorted_parameters(net_->module)) state.tensors.push_back(named_tensor(name, group_of(name, options()), parameter));
  return state;
}

void Segmenter::load(const ModelState& state) {
  auto parameters = sorted_parameters(net_->module);
  std::map<std::string, const NamedTensor*> given;
  for (const NamedTensor& tensor : state.tensors) {
    if (tensor.name.starts_with("skip_layers.")) continue;
    const auto place = parameters.find(tensor.name);
    require(place != parameters.end(), ErrorCode::kMismatch, "tensor " + tensor.name + " is not in this network");
    require(place->second.sizes().vec() == tensor.shape && place->second.numel() == static_cast<std::int64_t>(tensor.values.size()), ErrorCode::kMismatch, "tensor " + tensor.name + " has another shape than the network's");
    given[tensor.name] = &tensor;
  }
  // All checked before the first is written: a refused state changes nothing.
  for (const auto& [name, parameter] : parameters) require(given.contains(name), ErrorCode::kMismatch, "tensor " + name + " is missing");
  for (auto& [name, parameter] : parameters) fill(parameter, given.at(name)->values.data());
}

std::vector<at::Tensor> Segmenter::logits(const at::Tensor& x, const Presence& presence) const {
  require(x.dim() == 5 && x.size(1) == options().in_channels, ErrorCode::kMismatch, "the network takes [N, " + std::to_string(options().in_channels) + ", D, H, W]");
  for (int axis = 2; axis < 5; ++axis)
    require(x.size(axis) > 0 && x.size(axis) % stride_of(options()) == 0, ErrorCode::kMismatch, "image size " + std::to_string(x.size(axis)) + " is no multiple of " + std::to_string(stride_of(options())));
  const torch::NoGradGuard no_grad;
  return net_->module->forward(x.to(device()), presence);
}

}  // namespace consilium::models
