#include "models/attack/adversarial.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "models/attack/adversarial_module.h"
#include "models/autocast_module.h"
#include "models/patches.h"
#include "models/segmenter_net.h"

namespace consilium::models {
namespace {

/// Weights without gradients for a scope: a step towards a worse image needs none, and they cost the better half of a backward pass.
class WeightsAtRest {
 public:
  explicit WeightsAtRest(NetworkImpl& module) {
    for (at::Tensor& weight : module.parameters())
      if (weight.requires_grad()) weights_.push_back(weight.requires_grad_(false));
  }
  ~WeightsAtRest() {
    for (at::Tensor& weight : weights_) weight.requires_grad_(true);
  }
  WeightsAtRest(const WeightsAtRest&) = delete;

 private:
  std::vector<at::Tensor> weights_;
};

at::Tensor loss_of(NetworkImpl& module, const TrainingBatch& batch, const at::Tensor& image, const SupervisionOptions& supervision, Precision precision) {
  std::vector<at::Tensor> outputs;
  {
    const AutocastScope autocast(precision, module.device());
    outputs = module.forward(image, batch.presence);
  }
  return supervised_loss(outputs, batch.labels, batch.sets, {}, supervision);
}

at::Tensor uniform_like(const at::Tensor& image, double eps, Rng& rng) {
  at::Tensor start = torch::empty(image.sizes());
  float* values = start.data_ptr<float>();
  for (std::int64_t n = 0; n < start.numel(); ++n) values[n] = static_cast<float>(rng.uniform(-eps, eps));
  return start.to(image.device());
}

using Place = std::array<std::int64_t, 3>;

/// Starts of patches that cover the image; the last of an axis is moved inside.
std::vector<Place> tiles_of(const TrainingCase& sample, const Place& patch) {
  std::array<std::vector<std::int64_t>, 3> starts;
  for (std::size_t axis = 0; axis < 3; ++axis)
    for (std::int64_t at = 0; at < sample.size[axis]; at += patch[axis]) starts[axis].push_back(std::max<std::int64_t>(0, std::min(at, sample.size[axis] - patch[axis])));
  std::vector<Place> tiles;
  for (const std::int64_t d : starts[0])
    for (const std::int64_t h : starts[1])
      for (const std::int64_t w : starts[2]) tiles.push_back({d, h, w});
  return tiles;
}

TrainingBatch cut(const TrainingCase& sample, const Place& start, const Place& patch, const UNetOptions& network) {
  TrainingBatch batch{torch::empty({1, sample.channels, patch[0], patch[1], patch[2]}), torch::empty({1, patch[0], patch[1], patch[2]}, torch::kLong), {sample.sets}, presence_of(sample, network)};
  copy_patch(sample, {start}, patch, {batch.image.data_ptr<float>(), static_cast<std::size_t>(batch.image.numel())}, {batch.labels.data_ptr<std::int64_t>(), static_cast<std::size_t>(batch.labels.numel())});
  return batch;
}

/// Writes what of a patch lies inside the image.
void put_back(const at::Tensor& patch, const Place& start, const TrainingCase& sample, std::vector<float>& image) {
  at::Tensor whole = torch::from_blob(image.data(), {sample.channels, sample.size[0], sample.size[1], sample.size[2]});
  at::Tensor from = patch[0];
  for (std::int64_t axis = 0; axis < 3; ++axis) {
    const std::int64_t at = start[static_cast<std::size_t>(axis)], length = std::min(from.size(axis + 1), whole.size(axis + 1) - at);
    whole = whole.slice(axis + 1, at, at + length);
    from = from.slice(axis + 1, 0, length);
  }
  whole.copy_(from);
}

}  // namespace

void validate(const AdversarialOptions& o, const std::string& path) {
  require(std::isfinite(o.eps) && o.eps >= 0 && o.eps <= 100, ErrorCode::kUsage, path + ".eps: expected 0 (off) to 100 deviations");
  require(o.steps >= 1 && o.steps <= 1000, ErrorCode::kUsage, path + ".steps: expected 1 to 1000");
}

void read_adversarial_options(SettingsReader& reader, AdversarialOptions& o) {
  reader.field("eps", o.eps);
  reader.field("steps", o.steps);
  reader.finish();
  validate(o, reader.path());
}

Json to_json(const AdversarialOptions& o) { return {{"eps", o.eps}, {"steps", o.steps}}; }

at::Tensor image_gradient(NetworkImpl& module, const TrainingBatch& batch, const at::Tensor& image, const SupervisionOptions& supervision, Precision precision) {
  const WeightsAtRest rest(module);
  at::Tensor x = image.detach().clone().requires_grad_(true);
  return torch::autograd::grad({loss_of(module, batch, x, supervision, precision)}, {x})[0];
}

at::Tensor adversarial_image(NetworkImpl& module, const TrainingBatch& batch, const SupervisionOptions& supervision, Precision precision, const AdversarialOptions& options, Rng& rng) {
  const bool one = options.steps == 1;
  const double rate = one ? options.eps : 2.5 * options.eps / static_cast<double>(options.steps);
  at::Tensor change = one ? torch::zeros_like(batch.image) : uniform_like(batch.image, options.eps, rng);
  for (std::int64_t step = 0; step < options.steps; ++step) {
    const at::Tensor gradient = image_gradient(module, batch, batch.image + change, supervision, precision);
    change = (change + rate * gradient.sign()).clamp(-options.eps, options.eps);
  }
  return batch.image + change;
}

AttackedCase attack_case(Segmenter& segmenter, const TrainingCase& sample, const std::array<std::int64_t, 3>& patch, bool regions, const AdversarialOptions& options, const Rng& rng) {
  validate(options, "adversarial");
  validate(sample, segmenter.options().in_channels, regions ? 4 : segmenter.options().out_channels);
  const SupervisionOptions supervision{.regions = regions, .partial = {}};
  NetworkImpl& module = *segmenter.net().module;
  AttackedCase result{.image = sample.image};
  const std::vector<Place> tiles = tiles_of(sample, patch);
  for (std::size_t n = 0; n < tiles.size(); ++n) {
    Rng draw = rng.fork(static_cast<std::uint64_t>(n));
    const TrainingBatch batch = moved_to(cut(sample, tiles[n], patch, segmenter.options()), segmenter.device());
    const at::Tensor attacked = adversarial_image(module, batch, supervision, Precision::kFloat32, options, draw);
    const double share = 1.0 / static_cast<double>(tiles.size());
    result.gradient_share += share * image_gradient(module, batch, batch.image, supervision, Precision::kFloat32).ne(0).to(torch::kFloat64).mean().item<double>();
    const torch::NoGradGuard no_graph;
    result.loss_before += share * loss_of(module, batch, batch.image, supervision, Precision::kFloat32).item<double>();
    result.loss_after += share * loss_of(module, batch, attacked, supervision, Precision::kFloat32).item<double>();
    put_back(attacked, tiles[n], sample, result.image);
  }
  return result;
}

double case_loss(Segmenter& segmenter, const TrainingCase& sample, const std::array<std::int64_t, 3>& patch, bool regions) {
  validate(sample, segmenter.options().in_channels, regions ? 4 : segmenter.options().out_channels);
  const torch::NoGradGuard no_graph;
  std::vector<double> all, foreground;
  for (const Place& tile : tiles_of(sample, patch)) {
    const TrainingBatch batch = moved_to(cut(sample, tile, patch, segmenter.options()), segmenter.device());
    all.push_back(loss_of(*segmenter.net().module, batch, batch.image, {.regions = regions, .partial = {}}, Precision::kFloat32).item<double>());
    if (batch.labels.any().item<bool>()) foreground.push_back(all.back());
  }
  const std::vector<double>& counted = foreground.empty() ? all : foreground;
  double sum = 0;
  for (const double loss : counted) sum += loss;
  return sum / static_cast<double>(counted.size());
}

}  // namespace consilium::models
