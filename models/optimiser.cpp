#include "models/optimiser.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "base/error.h"
#include "models/named_tensor_module.h"
#include "models/optimiser_module.h"
#include "models/state/safetensors.h"

namespace consilium::models {
namespace {

const std::vector<std::pair<std::string, OptimiserKind>> kKinds{{"adamw", OptimiserKind::kAdamW}, {"sgd", OptimiserKind::kSgd}};

/// LibTorch 1.13 keys its memory by text, 2.x by address.
template <typename Map>
auto key_of(const Map&, const at::Tensor& parameter) {
  if constexpr (std::is_same_v<typename Map::key_type, std::string>) {
    std::ostringstream text;
    text << parameter.unsafeGetTensorImpl();
    return text.str();
  } else {
    return static_cast<typename Map::key_type>(parameter.unsafeGetTensorImpl());
  }
}

/// Every tensor of a memory belongs to a parameter of the network, trained now or not.
void require_of_network(const ModelState& memory, const torch::nn::Module& module) {
  const auto parameters = module.named_parameters();
  for (const NamedTensor& tensor : memory.tensors) {
    const at::Tensor* parameter = parameters.find(tensor.name);
    require(parameter != nullptr && tensor.shape == parameter->sizes().vec(), ErrorCode::kMismatch, "the optimiser's memory does not belong to this network: tensor " + tensor.name);
  }
}

/// A parameter's memory; zeros where it was not trained when the memory was made.
at::Tensor of_parameter(const ModelState& memory, const std::string& name, const at::Tensor& parameter) {
  const NamedTensor* tensor = find_tensor(memory, name);
  return tensor != nullptr ? tensor_of(*tensor).to(parameter.device()) : torch::zeros_like(parameter);
}

}  // namespace

std::string encode(const OptimiserState& state) {
  ModelState both;
  for (const NamedTensor& t : state.first_moment.tensors) both.tensors.push_back({"first/" + t.name, "", t.shape, t.values});
  for (const NamedTensor& t : state.second_moment.tensors) both.tensors.push_back({"second/" + t.name, "", t.shape, t.values});
  return encode_safetensors(both, {{"steps", std::to_string(state.steps)}});
}

OptimiserState parse_optimiser_state(std::string_view bytes, const std::string& origin) {
  const ModelFile file = parse_safetensors(bytes, origin);
  OptimiserState state;
  const auto steps = file.metadata.find("steps");
  require(steps != file.metadata.end() && !steps->second.empty() && steps->second.size() < 16 && steps->second.find_first_not_of("0123456789") == std::string::npos, ErrorCode::kCorruptData,
          origin + ": no count of steps");
  state.steps = std::stoll(steps->second);
  for (const NamedTensor& t : file.state.tensors) {
    const std::size_t slash = t.name.find('/');
    const std::string kind = t.name.substr(0, slash);
    require(slash != std::string::npos && (kind == "first" || kind == "second"), ErrorCode::kCorruptData, origin + ": unknown tensor " + t.name);
    ModelState& part = kind == "first" ? state.first_moment : state.second_moment;
    part.tensors.push_back({t.name.substr(slash + 1), "", t.shape, t.values});
  }
  return state;
}

void read_optimiser_options(SettingsReader& reader, OptimiserOptions& o) {
  reader.choice("kind", o.kind, kKinds);
  if (o.kind == OptimiserKind::kSgd) o.learning_rate = 1e-2, o.weight_decay = 3e-5;  // nnU-Net's, unless said otherwise below
  reader.field("learning_rate", o.learning_rate);
  reader.field("poly_power", o.poly_power);
  reader.field("weight_decay", o.weight_decay);
  reader.field("momentum", o.momentum);
  reader.finish();
  validate(o);
}

Json to_json(const OptimiserOptions& o) {
  return {{"kind", o.kind == OptimiserKind::kSgd ? "sgd" : "adamw"}, {"learning_rate", o.learning_rate}, {"poly_power", o.poly_power}, {"weight_decay", o.weight_decay}, {"momentum", o.momentum}};
}

void validate(const OptimiserOptions& o) {
  require(std::isfinite(o.learning_rate) && o.learning_rate > 0, ErrorCode::kUsage, "learning_rate: expected a number above 0");
  require(std::isfinite(o.poly_power) && o.poly_power >= 0, ErrorCode::kUsage, "poly_power: expected a number of at least 0");
  require(std::isfinite(o.weight_decay) && o.weight_decay >= 0, ErrorCode::kUsage, "weight_decay: expected a number of at least 0");
  require(o.momentum >= 0 && o.momentum < 1, ErrorCode::kUsage, "momentum: expected 0 to below 1");
}

OptimiserStep::OptimiserStep(const torch::nn::Module& module, const OptimiserOptions& options, const OptimiserState& state) : options_(options), steps_(state.steps) {
  for (const auto& entry : module.named_parameters())
    if (entry.value().requires_grad()) parameters_.emplace_back(entry.key(), entry.value());
  std::sort(parameters_.begin(), parameters_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<at::Tensor> tensors;
  for (const auto& [name, parameter] : parameters_) tensors.push_back(parameter);
  const bool adam = options.kind == OptimiserKind::kAdamW;
  if (adam) {
    optimiser_ = std::make_unique<torch::optim::AdamW>(tensors, torch::optim::AdamWOptions(options.learning_rate).weight_decay(options.weight_decay));
  } else {
    optimiser_ = std::make_unique<torch::optim::SGD>(tensors, torch::optim::SGDOptions(options.learning_rate).weight_decay(options.weight_decay).momentum(options.momentum).nesterov(options.momentum > 0));
  }
  if (state.first_moment.tensors.empty()) return;
  auto& memory = optimiser_->state();
  require_of_network(state.first_moment, module);
  require_of_network(state.second_moment, module);
  for (const auto& [name, parameter] : parameters_) {
    const at::Tensor first = of_parameter(state.first_moment, name, parameter);
    if (adam) {
      auto own = std::make_unique<torch::optim::AdamWParamState>();
      own->step(state.steps);
      own->exp_avg(first);
      own->exp_avg_sq(of_parameter(state.second_moment, name, parameter));
      memory[key_of(memory, parameter)] = std::move(own);
    } else {
      auto own = std::make_unique<torch::optim::SGDParamState>();
      own->momentum_buffer(first);
      memory[key_of(memory, parameter)] = std::move(own);
    }
  }
}

void OptimiserStep::complete_gradients() {
  for (auto& [name, parameter] : parameters_)
    if (!parameter.grad().defined()) parameter.mutable_grad() = torch::zeros_like(parameter);
}

void OptimiserStep::step(double rate) {
  std::vector<at::Tensor> tensors;
  for (const auto& [name, parameter] : parameters_) tensors.push_back(parameter);
  torch::nn::utils::clip_grad_norm_(tensors, 12);
  for (auto& group : optimiser_->param_groups()) group.options().set_lr(rate);
  optimiser_->step();
  ++steps_;
}

OptimiserState OptimiserStep::state() const {
  OptimiserState state;
  state.steps = steps_;
  auto& memory = optimiser_->state();
  for (const auto& [name, parameter] : parameters_) {
    const auto own = memory.find(key_of(memory, parameter));
    if (own == memory.end()) continue;
    if (options_.kind == OptimiserKind::kAdamW) {
      const auto& adam = static_cast<const torch::optim::AdamWParamState&>(*own->second);
      state.first_moment.tensors.push_back(named_tensor(name, "", adam.exp_avg()));
      state.second_moment.tensors.push_back(named_tensor(name, "", adam.exp_avg_sq()));
    } else {
      const at::Tensor& velocity = static_cast<const torch::optim::SGDParamState&>(*own->second).momentum_buffer();
      if (velocity.defined()) state.first_moment.tensors.push_back(named_tensor(name, "", velocity));
    }
  }
  return state;
}

}  // namespace consilium::models
