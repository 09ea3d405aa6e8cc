#include "models/fit.h"

#include <torch/torch.h>

#include <cmath>
#include <optional>

#include "base/error.h"
#include "models/attack/adversarial_module.h"
#include "models/autocast_module.h"
#include "models/local_terms_module.h"
#include "models/loss.h"
#include "models/optimiser_module.h"
#include "models/patches.h"
#include "models/private_gradient_module.h"
#include "models/segmenter_net.h"
#include "models/supervision.h"

namespace consilium::models {
namespace {

void validate(const FitOptions& options, const StepRange& range, const UNetOptions& network, std::size_t cases) {
  require(cases > 0, ErrorCode::kUsage, "there is no case to train on");
  models::validate(options);
  require(range.first >= 0 && range.count >= 1 && range.first + range.count <= range.total, ErrorCode::kUsage, "steps to train lie outside the training's total");
  require(!options.regions || network.out_channels == 3, ErrorCode::kMismatch, "a network for WT, TC and ET has 3 outputs, this one has " + std::to_string(network.out_channels));
  for (const std::int64_t size : options.patch)
    require(size % stride_of(network) == 0, ErrorCode::kUsage, "patch size " + std::to_string(size) + " is no multiple of " + std::to_string(stride_of(network)));
}

struct Batch {
  at::Tensor image, labels;
  std::vector<LabelSets> sets;  ///< of each sample's reference
};

/// Patches of cases that are drawn one by one.
Batch draw_batch(std::span<const TrainingCase> cases, const FitOptions& options, int size, int channels, Rng& rng) {
  const auto& p = options.patch;
  Batch batch{torch::empty({size, channels, p[0], p[1], p[2]}), torch::empty({size, p[0], p[1], p[2]}, torch::kLong), {}};
  const auto voxels = static_cast<std::size_t>(p[0] * p[1] * p[2]);
  for (int n = 0; n < size; ++n) {
    const TrainingCase& sample = cases[rng.below(cases.size())];
    const PatchPlace place = draw_patch(sample, p, rng.chance(options.foreground_share), rng);
    at::Tensor image = batch.image[n], labels = batch.labels[n];
    copy_patch(sample, place, p, {image.data_ptr<float>(), voxels * static_cast<std::size_t>(channels)}, {labels.data_ptr<std::int64_t>(), voxels});
    augment(image, labels, options.augment, rng);
    batch.sets.push_back(sample.sets);
  }
  return batch;
}

std::vector<at::Tensor> forward(UNet3d& module, const at::Tensor& image, Precision precision) {
  const AutocastScope autocast(precision);
  return module->forward(image);
}

/// The teacher's logits at full resolution; undefined where no reference of the batch asks for them.
at::Tensor taught(const Segmenter* teacher, const Batch& batch, const FitOptions& options) {
  if (teacher == nullptr || !needs_teacher(batch.sets, options.partial_labels)) return {};
  const AutocastScope autocast(options.precision);
  return teacher->logits(batch.image)[0].to(torch::kFloat32);
}

at::Tensor loss_of(UNet3d& module, const Batch& batch, const FitOptions& options, const Segmenter* teacher) {
  return supervised_loss(forward(module, batch.image, options.precision), batch.labels, batch.sets, taught(teacher, batch, options), {options.regions, options.partial_labels});
}

/// The gradient of one DP-SGD step; returns the mean loss of the cases that were drawn.
double private_step(UNet3d& module, std::span<const TrainingCase> cases, const FitOptions& options, const PrivateSteps& privacy, PrivateGradient& gradient, int channels, const Segmenter* teacher, const Rng& rng) {
  double sum = 0, drawn = 0;
  for (std::size_t n = 0; n < cases.size(); ++n) {
    if (!gradient.draws_case()) continue;
    Rng draw = rng.fork(static_cast<std::uint64_t>(n));
    const at::Tensor loss = loss_of(module, draw_batch(cases.subspan(n, 1), options, privacy.patches, channels, draw), options, teacher);
    loss.backward();
    gradient.add_case();
    const double value = loss.item<double>();
    if (!std::isfinite(value)) continue;
    sum += value;
    ++drawn;
  }
  gradient.finish();
  return drawn == 0 ? 0 : sum / drawn;
}

}  // namespace

void read_fit_options(SettingsReader& reader, FitOptions& o) {
  reader.field("patch", o.patch);
  reader.field("batch", o.batch);
  reader.field("foreground_share", o.foreground_share);
  reader.field("regions", o.regions);
  reader.choice("precision", o.precision, precision_words());
  reader.object("partial_labels", [&](SettingsReader& partial) { read_partial_label_options(partial, o.partial_labels); });
  reader.object("optimiser", [&](SettingsReader& optimiser) { read_optimiser_options(optimiser, o.optimiser); });
  reader.object("augment", [&](SettingsReader& augment) { read_augment_options(augment, o.augment); });
  reader.object("adversarial", [&](SettingsReader& adversarial) { read_adversarial_options(adversarial, o.adversarial); });
  reader.finish();
  validate(o);
}

void validate(const FitOptions& o) {
  require(o.batch >= 1 && o.batch <= 1024, ErrorCode::kUsage, "fit.batch: expected 1 to 1024, found " + std::to_string(o.batch));
  std::int64_t voxels = o.batch;
  for (const std::int64_t size : o.patch) {
    require(size >= 1 && size <= 1024, ErrorCode::kUsage, "fit.patch: expected 1 to 1024 voxels along each axis, found " + std::to_string(size));
    voxels *= size;
  }
  require(voxels <= 1LL << 28, ErrorCode::kUsage, "fit.patch: a batch of such patches takes " + std::to_string(voxels) + " voxels, more than memory holds");
  require(o.foreground_share >= 0 && o.foreground_share <= 1, ErrorCode::kUsage, "fit.foreground_share: expected 0 to 1");
  validate(o.partial_labels);
  validate(o.optimiser);
  validate(o.augment);
  validate(o.adversarial, "fit.adversarial");
}

Json to_json(const FitOptions& o) {
  return {{"patch", o.patch},   {"batch", o.batch},     {"foreground_share", o.foreground_share}, {"regions", o.regions}, {"precision", to_string(o.precision)},
          {"partial_labels", to_json(o.partial_labels)},
          {"optimiser", to_json(o.optimiser)}, {"augment", to_json(o.augment)}, {"adversarial", to_json(o.adversarial)}};
}

FitReport fit(Segmenter& segmenter, std::span<const TrainingCase> cases, const StepRange& range, const FitOptions& options, const Rng& rng, OptimiserState* state,
              const std::function<void(std::int64_t, double)>& on_step, const LocalTerms& terms, const Segmenter* teacher, const PrivateSteps& privacy) {
  const UNetOptions network = segmenter.options();
  validate(options, range, network, cases.size());
  require(privacy.clip == 0 || options.adversarial.eps == 0, ErrorCode::kUsage, "fit.adversarial: does not go with training.privacy yet: cases are trained on one by one there");
  const int classes = options.regions ? 4 : network.out_channels;
  for (const TrainingCase& sample : cases) validate(sample, network.in_channels, classes);
  UNet3d& module = segmenter.net().module;
  const FrozenScope frozen(*module, terms.frozen);
  OptimiserStep optimiser(*module, options.optimiser, state != nullptr ? *state : OptimiserState{});
  const ProximalTerm proximal(*module, terms.proximal_mu, terms.anchor);
  const GradientShift shift(*module, terms.shift);
  GradientRecord record(*module, terms.record_gradient);
  std::optional<PrivateGradient> private_gradient;
  if (privacy.clip > 0) private_gradient.emplace(*module, privacy, cases.size());
  const std::int64_t tail = std::max<std::int64_t>(1, range.count / 10);
  FitReport report;
  for (std::int64_t n = 0; n < range.count; ++n) {
    const std::int64_t step = range.first + n;
    Rng draw = rng.fork(static_cast<std::uint64_t>(step));
    optimiser.zero_grad();
    double value = 0;
    if (private_gradient) {
      value = private_step(module, cases, options, privacy, *private_gradient, network.in_channels, teacher, draw);
    } else {
      Batch batch = draw_batch(cases, options, options.batch, network.in_channels, draw);
      if (options.adversarial.eps > 0) {
        Rng start = draw.fork("adversarial");
        batch.image = adversarial_image(module, {batch.image, batch.labels, batch.sets}, {options.regions, options.partial_labels}, options.precision, options.adversarial, start);
      }
      const at::Tensor loss = loss_of(module, batch, options, teacher);
      value = loss.item<double>();
      require(std::isfinite(value), ErrorCode::kUnexpected, "the loss is not finite at step " + std::to_string(step) + "; a smaller learning_rate may help");
      loss.backward();
    }
    record.add();
    proximal.add_to_gradients();
    shift.add_to_gradients();
    const double rate = poly_learning_rate(options.optimiser.learning_rate, step, range.total, options.optimiser.poly_power);
    optimiser.step(rate);
    report.rates += rate;
    if (n == 0) report.first_loss = value;
    if (n >= range.count - tail) report.last_loss += value / static_cast<double>(tail);
    report.mean_loss += value / static_cast<double>(range.count);
    ++report.steps;
    if (on_step) on_step(step, value);
  }
  if (state != nullptr) *state = optimiser.state();
  report.mean_gradient = record.mean();
  return report;
}

double mean_loss(Segmenter& segmenter, std::span<const TrainingCase> cases, std::int64_t batches, const FitOptions& options, const Rng& rng) {
  const UNetOptions network = segmenter.options();
  validate(options, {0, batches, batches}, network, cases.size());
  const int classes = options.regions ? 4 : network.out_channels;
  for (const TrainingCase& sample : cases) validate(sample, network.in_channels, classes);
  FitOptions plain = options;
  plain.augment = {.flip = false, .rotate_chance = 0, .intensity_chance = 0, .noise_chance = 0};
  const torch::NoGradGuard no_graph;
  double sum = 0;
  for (std::int64_t n = 0; n < batches; ++n) {
    Rng draw = rng.fork(static_cast<std::uint64_t>(n));
    sum += loss_of(segmenter.net().module, draw_batch(cases, plain, options.batch, network.in_channels, draw), options, nullptr).item<double>();
  }
  return sum / static_cast<double>(batches);
}

}  // namespace consilium::models
