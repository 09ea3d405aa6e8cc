#include "models/attack/victim.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "models/attack/victim_module.h"
#include "models/named_tensor_module.h"
#include "models/segmenter_net.h"
#include "models/supervision.h"

namespace consilium::models {
namespace {

constexpr std::int64_t kHidden = 32, kFirst = 12, kSecond = 16;

at::Tensor drawn(const std::vector<std::int64_t>& shape, double deviation, Rng rng) {
  at::Tensor weight = torch::empty(shape);
  for (std::int64_t n = 0; n < weight.numel(); ++n) weight.data_ptr<float>()[n] = static_cast<float>(rng.normal(0, deviation));
  return weight.requires_grad_(true);
}

using Weights = std::vector<std::pair<std::string, at::Tensor>>;

void add_layer(Weights& weights, const std::string& name, const std::vector<std::int64_t>& shape, std::int64_t inputs, const Rng& rng) {
  weights.emplace_back(name + ".weight", drawn(shape, std::sqrt(2.0 / static_cast<double>(inputs)), rng.fork(name)));
  weights.emplace_back(name + ".bias", drawn({shape[0]}, 0.1, rng.fork(name + ".bias")));
}

void make_linear(Victim::Net& net, const Rng& rng) {
  const std::int64_t voxels = net.options.size * net.options.size * net.options.size;
  add_layer(net.weights, "first", {kHidden, voxels}, voxels, rng);
  add_layer(net.weights, "second", {2, kHidden}, kHidden, rng);
  net.forward = [w = net.weights](const at::Tensor& x) { return at::linear(torch::sigmoid(at::linear(x.flatten(1), w[0].second, w[1].second)), w[2].second, w[3].second); };
}

void make_convolutional(Victim::Net& net, const Rng& rng) {
  const std::int64_t half = net.options.size / 2, features = kSecond * half * half * half;
  add_layer(net.weights, "conv1", {kFirst, 1, 3, 3, 3}, 27, rng);
  add_layer(net.weights, "conv2", {kSecond, kFirst, 3, 3, 3}, 27 * kFirst, rng);
  add_layer(net.weights, "head", {2, features}, 2 * features, rng);
  net.forward = [w = net.weights](const at::Tensor& x) {
    // Smooth, as in the paper: gradients are to be matched by gradients.
    at::Tensor y = torch::sigmoid(at::conv3d(x, w[0].second, w[1].second, 2, 1));
    y = torch::sigmoid(at::conv3d(y, w[2].second, w[3].second, 1, 1));
    return at::linear(y.flatten(1), w[4].second, w[5].second);
  };
}

void make_unet(Victim::Net& net, const Rng& rng) {
  net.unet.emplace(UNetOptions{.in_channels = 1, .out_channels = 2, .filters = {8, 16}}, rng);
  const std::shared_ptr<NetworkImpl> module = net.unet->net().module;
  for (const auto& entry : module->named_parameters()) net.weights.emplace_back(entry.key(), entry.value());
  net.forward = [module](const at::Tensor& x) { return module->forward(x)[0]; };
}

}  // namespace

const std::vector<std::pair<std::string, VictimNetwork>>& victim_words() {
  static const std::vector<std::pair<std::string, VictimNetwork>> kWords{{"linear", VictimNetwork::kLinear}, {"convolutional", VictimNetwork::kConvolutional}, {"unet", VictimNetwork::kUNet}};
  return kWords;
}

std::string_view to_string(VictimNetwork network) {
  for (const auto& [word, value] : victim_words())
    if (value == network) return word;
  return "";
}

void validate(const VictimOptions& o) {
  require(o.size >= 8 && o.size <= 64 && o.size % 2 == 0, ErrorCode::kUsage, "size: expected an even number of voxels from 8 to 64, found " + std::to_string(o.size));
  require(std::isfinite(o.learning_rate) && o.learning_rate > 0, ErrorCode::kUsage, "learning_rate: expected a number above 0");
}

bool VictimPatch::has_tumour() const {
  return std::any_of(labels.begin(), labels.end(), [](std::uint8_t label) { return label != 0; });
}

std::vector<at::Tensor> Victim::Net::tensors() const {
  std::vector<at::Tensor> result;
  for (const auto& [name, weight] : weights) result.push_back(weight);
  return result;
}

at::Tensor Victim::Net::target(std::span<const VictimPatch> patches) const {
  std::vector<at::Tensor> targets;
  for (const VictimPatch& patch : patches) {
    if (options.network != VictimNetwork::kUNet) {
      targets.push_back(torch::tensor(patch.has_tumour() ? 1 : 0, torch::kLong));
      continue;
    }
    require(patch.labels.size() == static_cast<std::size_t>(options.size * options.size * options.size), ErrorCode::kMismatch, "a patch's labels are not of the network's size");
    at::Tensor labels = torch::empty({options.size, options.size, options.size}, torch::kLong);
    std::copy(patch.labels.begin(), patch.labels.end(), labels.data_ptr<std::int64_t>());
    targets.push_back(labels.clamp_max(1));
  }
  return torch::stack(targets);
}

Victim::Victim(const VictimOptions& options, const Rng& init) : net_(std::make_unique<Net>()) {
  validate(options);
  net_->options = options;
  switch (options.network) {
    case VictimNetwork::kLinear: make_linear(*net_, init); break;
    case VictimNetwork::kConvolutional: make_convolutional(*net_, init); break;
    case VictimNetwork::kUNet: make_unet(*net_, init); break;
  }
  if (options.network == VictimNetwork::kUNet) {
    net_->loss = [](const at::Tensor& output, const at::Tensor& target) { return supervised_loss({output}, target, std::vector<LabelSets>(static_cast<std::size_t>(target.size(0))), {}, {}); };
  } else {
    net_->loss = [](const at::Tensor& output, const at::Tensor& target) { return torch::nn::functional::cross_entropy(output, target); };
  }
}
Victim::~Victim() = default;
Victim::Victim(Victim&&) noexcept = default;

const VictimOptions& Victim::options() const { return net_->options; }

std::int64_t Victim::parameter_count() const {
  std::int64_t count = 0;
  for (const auto& [name, weight] : net_->weights) count += weight.numel();
  return count;
}

ModelState Victim::update(const std::vector<std::vector<VictimPatch>>& batches) {
  require(!batches.empty(), ErrorCode::kUsage, "there is no batch to train on");
  const std::vector<at::Tensor> weights = net_->tensors();
  std::vector<at::Tensor> before;
  for (const at::Tensor& weight : weights) before.push_back(weight.detach().clone());
  const std::int64_t size = net_->options.size;
  for (const std::vector<VictimPatch>& batch : batches) {
    require(!batch.empty(), ErrorCode::kUsage, "a batch is empty");
    at::Tensor images = torch::empty({static_cast<std::int64_t>(batch.size()), 1, size, size, size});
    for (std::size_t n = 0; n < batch.size(); ++n) {
      require(batch[n].image.size() == static_cast<std::size_t>(size * size * size), ErrorCode::kMismatch, "a patch is not of the network's size");
      std::copy(batch[n].image.begin(), batch[n].image.end(), images[static_cast<std::int64_t>(n)].data_ptr<float>());
    }
    const auto gradients = torch::autograd::grad({net_->loss(net_->forward(images), net_->target(batch))}, weights);
    const torch::NoGradGuard no_graph;
    for (std::size_t n = 0; n < weights.size(); ++n) weights[n].data().sub_(gradients[n], net_->options.learning_rate);
  }
  ModelState update;
  const torch::NoGradGuard no_graph;
  for (std::size_t n = 0; n < weights.size(); ++n) {
    update.tensors.push_back(named_tensor(net_->weights[n].first, "trunk", weights[n].detach() - before[n]));
    weights[n].data().copy_(before[n]);
  }
  std::sort(update.tensors.begin(), update.tensors.end(), [](const NamedTensor& a, const NamedTensor& b) { return a.name < b.name; });
  return update;
}

}  // namespace consilium::models
