#include "models/fit.h"

#include <torch/torch.h>

#include <cmath>

#include "base/error.h"
#include "models/loss.h"
#include "models/patches.h"
#include "models/segmenter_net.h"

namespace consilium::models {
namespace {

void validate(const FitOptions& options, const UNetOptions& network, std::size_t cases) {
  require(cases > 0, ErrorCode::kUsage, "there is no case to train on");
  require(options.batch >= 1 && options.steps >= 1, ErrorCode::kUsage, "batch and steps are at least 1");
  require(options.learning_rate > 0 && options.weight_decay >= 0, ErrorCode::kUsage, "learning_rate is above 0, weight_decay at least 0");
  require(options.foreground_share >= 0 && options.foreground_share <= 1, ErrorCode::kUsage, "foreground_share is a fraction in [0, 1]");
  for (const std::int64_t size : options.patch)
    require(size > 0 && size % stride_of(network) == 0, ErrorCode::kUsage, "patch size " + std::to_string(size) + " is no multiple of " + std::to_string(stride_of(network)));
}

struct Batch {
  at::Tensor image, labels;
};

Batch draw_batch(std::span<const TrainingCase> cases, const FitOptions& options, int channels, Rng& rng) {
  const auto& p = options.patch;
  Batch batch{torch::empty({options.batch, channels, p[0], p[1], p[2]}), torch::empty({options.batch, p[0], p[1], p[2]}, torch::kLong)};
  const auto voxels = static_cast<std::size_t>(p[0] * p[1] * p[2]);
  for (int n = 0; n < options.batch; ++n) {
    const TrainingCase& sample = cases[rng.below(cases.size())];
    const PatchPlace place = draw_patch(sample, p, rng.chance(options.foreground_share), rng);
    copy_patch(sample, place, p, {batch.image[n].data_ptr<float>(), voxels * static_cast<std::size_t>(channels)}, {batch.labels[n].data_ptr<std::int64_t>(), voxels});
    std::vector<std::int64_t> axes;
    for (std::int64_t axis = 0; axis < 3; ++axis)
      if (options.flip && rng.chance(0.5)) axes.push_back(axis);
    if (axes.empty()) continue;
    batch.labels[n].copy_(batch.labels[n].flip(axes));
    for (std::int64_t& axis : axes) ++axis;  // the channel comes first
    batch.image[n].copy_(batch.image[n].flip(axes));
  }
  return batch;
}

at::Tensor supervised_loss(const std::vector<at::Tensor>& outputs, const at::Tensor& labels) {
  at::Tensor loss = dice_ce_loss(outputs[0], labels);
  double weight = 1, total = 1;
  for (std::size_t level = 1; level < outputs.size(); ++level) {
    weight /= 2;
    total += weight;
    const std::int64_t step = 1LL << level;
    const at::Tensor coarse = labels.slice(1, 0, {}, step).slice(2, 0, {}, step).slice(3, 0, {}, step).contiguous();
    loss = loss + weight * dice_ce_loss(outputs[level], coarse);
  }
  return loss / total;
}

}  // namespace

FitReport fit(Segmenter& segmenter, std::span<const TrainingCase> cases, const FitOptions& options, Rng rng, const std::function<void(std::int64_t, double)>& on_step) {
  const UNetOptions network = segmenter.options();
  validate(options, network, cases.size());
  for (const TrainingCase& sample : cases) validate(sample, network.in_channels, network.out_channels);
  UNet3d& module = segmenter.net().module;
  torch::optim::AdamW optimizer(module->parameters(), torch::optim::AdamWOptions(options.learning_rate).weight_decay(options.weight_decay));
  const std::int64_t tail = std::max<std::int64_t>(1, options.steps / 10);
  FitReport report;
  for (std::int64_t step = 0; step < options.steps; ++step) {
    for (auto& group : optimizer.param_groups()) static_cast<torch::optim::AdamWOptions&>(group.options()).lr(poly_learning_rate(options.learning_rate, step, options.steps, options.poly_power));
    const Batch batch = draw_batch(cases, options, network.in_channels, rng);
    optimizer.zero_grad();
    const at::Tensor loss = supervised_loss(module->forward(batch.image), batch.labels);
    const double value = loss.item<double>();
    require(std::isfinite(value), ErrorCode::kUnexpected, "the loss is not finite at step " + std::to_string(step) + "; a smaller learning_rate may help");
    loss.backward();
    torch::nn::utils::clip_grad_norm_(module->parameters(), 12);  // nnU-Net's bound
    optimizer.step();
    if (step == 0) report.first_loss = value;
    if (step >= options.steps - tail) report.last_loss += value / static_cast<double>(tail);
    ++report.steps;
    if (on_step) on_step(step, value);
  }
  return report;
}

}  // namespace consilium::models
