#include "models/attack/inversion.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "models/attack/victim_module.h"
#include "models/conv3d.h"
#include "models/named_tensor_module.h"

namespace consilium::models {
namespace {

at::Tensor normal(const std::vector<std::int64_t>& shape, double deviation, Rng rng) {
  at::Tensor values = torch::empty(shape);
  for (std::int64_t n = 0; n < values.numel(); ++n) values.data_ptr<float>()[n] = static_cast<float>(rng.normal(0, deviation));
  return values;
}

/// The update as the gradient it is, up to a factor, in the order of the network's weights.
std::vector<at::Tensor> gradient_of(const Victim::Net& net, const ModelState& seen) {
  std::vector<at::Tensor> gradient;
  for (const auto& [name, weight] : net.weights) {
    const NamedTensor* tensor = find_tensor(seen, name);
    require(tensor != nullptr && tensor->shape == weight.sizes().vec(), ErrorCode::kMismatch, "the update has no tensor " + name + " of the network's shape");
    gradient.push_back(tensor_of(*tensor).mul_(-1 / net.options.learning_rate));
  }
  return gradient;
}

double squared_norm(const std::vector<at::Tensor>& tensors) {
  double sum = 0;
  for (const at::Tensor& tensor : tensors) sum += tensor.to(torch::kFloat64).pow(2).sum().item<double>();
  return sum;
}

at::Tensor total_variation(const at::Tensor& x) {
  at::Tensor sum = torch::zeros({});
  for (std::int64_t axis = 2; axis < 5; ++axis) sum = sum + (x.slice(axis, 1) - x.slice(axis, 0, -1)).abs().mean();
  return sum;
}

/// Compares gradients of made-up images with the one that was seen.
class Comparison {
 public:
  Comparison(Victim::Net& net, const ModelState& seen, std::span<const VictimPatch> assumed, const InversionOptions& options)
      : net_(net), options_(options), seen_(gradient_of(net, seen)), target_(net.target(assumed)), squares_(std::max(squared_norm(seen_), 1e-30)) {}

  at::Tensor mismatch(const at::Tensor& image) const {
    const auto found = torch::autograd::grad({net_.loss(net_.forward(image), target_)}, net_.tensors(), {}, /*retain_graph=*/true, /*create_graph=*/true);
    at::Tensor dot = torch::zeros({}), own = torch::zeros({}), distance = torch::zeros({});
    for (std::size_t n = 0; n < found.size(); ++n) {
      dot = dot + (found[n] * seen_[n]).sum();
      own = own + found[n].pow(2).sum();
      distance = distance + (found[n] - seen_[n]).pow(2).sum();
    }
    if (options_.matching == GradientMatching::kL2) return distance / squares_;
    return 1 - dot / (own.sqrt() * std::sqrt(squares_) + 1e-20);
  }

 private:
  Victim::Net& net_;
  const InversionOptions& options_;
  std::vector<at::Tensor> seen_;
  at::Tensor target_;
  double squares_;
};

void descend_signed(at::Tensor& image, const Comparison& comparison, const InversionOptions& options) {
  torch::optim::Adam adam({image}, torch::optim::AdamOptions(options.rate));
  for (std::int64_t n = 0; n < options.iterations; ++n) {
    double rate = options.rate;
    for (const std::int64_t eighths : {3, 5, 7})
      if (n > options.iterations * eighths / 8) rate /= 10;
    static_cast<torch::optim::AdamOptions&>(adam.param_groups()[0].options()).lr(rate);
    const at::Tensor cost = comparison.mismatch(image) + options.total_variation * total_variation(image);
    image.mutable_grad() = torch::autograd::grad({cost}, {image})[0].sign();
    adam.step();
    const torch::NoGradGuard no_graph;
    image.clamp_(options.lowest, options.highest);
  }
}

void descend_lbfgs(at::Tensor& image, const Comparison& comparison, const InversionOptions& options) {
  constexpr std::int64_t kInner = 20;
  torch::optim::LBFGS lbfgs({image}, torch::optim::LBFGSOptions(1).max_iter(kInner).history_size(100).tolerance_grad(0).tolerance_change(0).line_search_fn("strong_wolfe"));
  for (std::int64_t n = 0; n < std::max<std::int64_t>(1, options.iterations / kInner); ++n)
    lbfgs.step([&] {
      const torch::AutoGradMode graph(true);
      at::Tensor cost = comparison.mismatch(image);
      image.mutable_grad() = torch::autograd::grad({cost}, {image})[0];
      return cost;
    });
}

}  // namespace

void validate(const InversionOptions& o) {
  require(o.iterations >= 1 && o.iterations <= 1000000, ErrorCode::kUsage, "iterations: expected 1 to 1000000");
  require(std::isfinite(o.rate) && o.rate > 0, ErrorCode::kUsage, "rate: expected a number above 0");
  require(std::isfinite(o.total_variation) && o.total_variation >= 0, ErrorCode::kUsage, "total_variation: expected 0 or more");
  require(o.lowest < o.highest, ErrorCode::kUsage, "lowest: expected less than highest");
  require(o.restarts >= 1 && o.restarts <= 1000, ErrorCode::kUsage, "restarts: expected 1 to 1000");
}

Reconstruction invert_update(Victim& victim, const ModelState& seen, std::span<const VictimPatch> assumed, const InversionOptions& options, const Rng& rng) {
  validate(options);
  require(!assumed.empty(), ErrorCode::kUsage, "an attacker looks for at least one image");
  const TwiceDifferentiableScope twice;
  const std::int64_t size = victim.options().size;
  const Comparison comparison(victim.net(), seen, assumed, options);
  Reconstruction best{{}, std::numeric_limits<double>::infinity()};
  for (std::int64_t restart = 0; restart < options.restarts; ++restart) {
    at::Tensor image = normal({static_cast<std::int64_t>(assumed.size()), 1, size, size, size}, 0.5, rng.fork(static_cast<std::uint64_t>(restart))).requires_grad_(true);
    if (options.matching == GradientMatching::kL2) descend_lbfgs(image, comparison, options);
    else descend_signed(image, comparison, options);
    const double mismatch = comparison.mismatch(image).item<double>();
    if (!(mismatch < best.mismatch) && !best.images.empty()) continue;
    best = {{}, mismatch};
    const at::Tensor found = image.detach();
    for (std::int64_t n = 0; n < found.size(0); ++n) best.images.push_back(values_of(found[n].nan_to_num()));
  }
  return best;
}

std::vector<float> recover_from_linear(const Victim& victim, const ModelState& seen) {
  require(victim.options().network == VictimNetwork::kLinear, ErrorCode::kUsage, "the network does not begin with a linear layer");
  const NamedTensor *weight = find_tensor(seen, "first.weight"), *bias = find_tensor(seen, "first.bias");
  const std::int64_t voxels = victim.options().size * victim.options().size * victim.options().size;
  require(weight != nullptr && bias != nullptr && !bias->values.empty() && weight->values.size() == bias->values.size() * static_cast<std::size_t>(voxels), ErrorCode::kMismatch, "the update is not of this network");
  const auto most = std::max_element(bias->values.begin(), bias->values.end(), [](float a, float b) { return std::abs(a) < std::abs(b); });
  require(*most != 0, ErrorCode::kNotFound, "no bias of the first layer moved");
  const auto row = weight->values.begin() + (most - bias->values.begin()) * voxels;
  std::vector<float> image(row, row + voxels);
  for (float& value : image) value /= *most;
  return image;
}

}  // namespace consilium::models
