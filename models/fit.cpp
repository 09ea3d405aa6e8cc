#include "models/fit.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "models/attack/adversarial_module.h"
#include "models/autocast_module.h"
#include "models/batch_source_module.h"
#include "models/device_errors_module.h"
#include "models/local_terms_module.h"
#include "models/multimodal_loss_module.h"
#include "models/loss.h"
#include "models/optimiser_module.h"
#include "models/patches.h"
#include "models/private_gradient_module.h"
#include "models/segmenter_net.h"
#include "models/supervision.h"
#include "models/teaching.h"
#include "models/training_batch_module.h"

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

/// The teacher's logits at full resolution; undefined where no reference of the batch asks for them.
at::Tensor taught(const Segmenter* teacher, const TrainingBatch& batch, const FitOptions& options) {
  if (teacher == nullptr || !needs_teacher(batch.sets, options.partial_labels)) return {};
  const AutocastScope autocast(options.precision, teacher->device());
  return teacher->logits(batch.image, batch.presence)[0].to(torch::kFloat32);
}

/// Of the prediction alone.
at::Tensor loss_of(NetworkImpl& module, const TrainingBatch& batch, const FitOptions& options, const Segmenter* teacher) {
  std::vector<at::Tensor> outputs;
  {
    const AutocastScope autocast(options.precision, module.device());
    outputs = module.forward(batch.image, batch.presence);
  }
  return supervised_loss(outputs, batch.labels, batch.sets, taught(teacher, batch, options), {options.regions, options.partial_labels});
}

/// What one training learns from: the network with its loss.
struct Lesson {
  NetworkImpl& module;
  const FitOptions& options;
  const Segmenter* teacher;
  std::optional<MultimodalLoss> multimodal{};  ///< of a network with modalities

  at::Tensor loss(const TrainingBatch& batch, const Rng& rng) {
    if (!multimodal) return loss_of(module, batch, options, teacher);
    Rng draw = rng.fork("modalities");
    return multimodal->of(batch, taught(teacher, batch, options), draw);
  }
};

Lesson lesson_of(Segmenter& segmenter, std::span<const TrainingCase> cases, const FitOptions& options, const Segmenter* teacher, bool is_private) {
  Lesson lesson{*segmenter.net().module, options, teacher};
  auto* net = dynamic_cast<MultimodalNetImpl*>(&lesson.module);
  if (net == nullptr) return lesson;
  const MultimodalOptions& m = net->options.multimodal;
  const Teaching teaching = teaching_of(cases, net->options);
  // What is sent of classes would not be covered by the noise on gradients.
  lesson.multimodal.emplace(*net, MultimodalLossOptions{{options.regions, options.partial_labels}, options.precision, m.contrastive_weight > 0 && teaching.cases_of_several > 0, !is_private && (m.anchor_weight > 0 || m.attention)});
  return lesson;
}

/// Tensors that these cases cannot change, and those that the caller holds.
std::vector<std::string> frozen_tensors(const NetworkImpl& module, std::span<const TrainingCase> cases, const std::vector<std::string>& held) {
  std::vector<std::string> frozen = held;
  const auto* net = dynamic_cast<const MultimodalNetImpl*>(&module);
  if (net == nullptr) return frozen;
  const auto counts = cases_of_weights(teaching_of(cases, net->options), net->options.multimodal);
  const bool has_anchors = !net->known_anchors().empty();
  for (const auto& entry : net->named_parameters())
    if (!is_taught(entry.key(), counts, net->options, has_anchors)) frozen.push_back(entry.key());
  return frozen;
}

/// The gradient of one DP-SGD step; returns the mean loss of the cases that were drawn.
double private_step(Lesson& lesson, std::span<const TrainingCase> cases, const PrivateSteps& privacy, PrivateGradient& gradient, const Rng& rng) {
  double sum = 0, drawn = 0;
  for (std::size_t n = 0; n < cases.size(); ++n) {
    if (!gradient.draws_case()) continue;
    Rng draw = rng.fork(static_cast<std::uint64_t>(n));
    const TrainingBatch batch = moved_to(draw_batch(cases.subspan(n, 1), lesson.options, privacy.patches, lesson.module.options, draw), lesson.module.device());
    const at::Tensor loss = lesson.loss(batch, draw);
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

/// The gradient of one plain step; returns the loss.
double plain_step(Lesson& lesson, BatchSource& source, std::int64_t step) {
  const FitOptions& options = lesson.options;
  auto [drawn, draw] = source.of(step);
  TrainingBatch batch = moved_to(std::move(drawn), lesson.module.device());
  if (options.adversarial.eps > 0) {
    Rng start = draw.fork("adversarial");
    batch.image = adversarial_image(lesson.module, batch, {options.regions, options.partial_labels}, options.precision, options.adversarial, start);
  }
  const at::Tensor loss = lesson.loss(batch, draw);
  const double value = loss.item<double>();
  require(std::isfinite(value), ErrorCode::kUnexpected, "the loss is not finite at step " + std::to_string(step) + "; a smaller learning_rate may help");
  loss.backward();
  return value;
}

/// What a network with modalities cannot do.
void validate(const FitOptions& options, const MultimodalOptions& network, bool is_private) {
  if (network.modalities.empty()) return;
  require(!options.regions || network.fusion != Fusion::kRegion, ErrorCode::kUsage, "fit.regions: does not go with model.multimodal.fusion \"region\", whose regions exclude each other");
  require(!is_private || network.contrastive_weight == 0, ErrorCode::kUsage,
          "model.multimodal.contrastive_weight: does not go with training.privacy: each patient's gradient would hold others' vectors; set it to 0");
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
  validate(options, network.multimodal, privacy.clip > 0);
  Lesson lesson = lesson_of(segmenter, cases, options, teacher, privacy.clip > 0);
  const NetworkImpl& module = lesson.module;
  const FrozenScope frozen(module, frozen_tensors(module, cases, terms.frozen));
  OptimiserStep optimiser(module, options.optimiser, state != nullptr ? *state : OptimiserState{});
  const ProximalTerm proximal(module, terms.proximal_mu, terms.anchor);
  const GradientShift shift(module, terms.shift);
  GradientRecord record(module, terms.record_gradient);
  std::optional<PrivateGradient> private_gradient;
  if (privacy.clip > 0) private_gradient.emplace(module, privacy, cases.size());
  const auto draw = [&](std::int64_t step) {
    Rng own = rng.fork(static_cast<std::uint64_t>(step));
    TrainingBatch batch = draw_batch(cases, options, options.batch, network, own);
    return DrawnBatch{std::move(batch), own};
  };
  BatchSource source(draw, range.first + range.count, !segmenter.device().is_cpu());
  const std::int64_t tail = std::max<std::int64_t>(1, range.count / 10);
  FitReport report;
  for (std::int64_t n = 0; n < range.count; ++n) {
    const std::int64_t step = range.first + n;
    optimiser.zero_grad();
    const double value = on_device(segmenter.device(), [&] {
      return private_gradient ? private_step(lesson, cases, privacy, *private_gradient, rng.fork(static_cast<std::uint64_t>(step))) : plain_step(lesson, source, step);
    });
    optimiser.complete_gradients();
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
  if (lesson.multimodal) {
    const OutputKind kind = output_kind({options.regions, options.partial_labels});
    for (auto& [c, values] : lesson.multimodal->class_means()) report.class_means[std::to_string(c)] = {cases_with_class(cases, c, kind), std::move(values)};
    report.cases_per_group = cases_per_group(cases, network, kind);
  }
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
    sum += on_device(segmenter.device(), [&] { return loss_of(*segmenter.net().module, moved_to(draw_batch(cases, plain, options.batch, network, draw), segmenter.device()), options, nullptr).item<double>(); });
  }
  return sum / static_cast<double>(batches);
}

}  // namespace consilium::models
