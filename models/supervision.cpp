#include "models/supervision.h"

#include <torch/torch.h>

#include <algorithm>

#include "models/loss.h"
#include "models/loss_distillation.h"
#include "models/loss_exclusion.h"
#include "models/loss_marginal.h"

namespace consilium::models {
namespace {

/// As nnU-Net: sums over the batch, so that a patch without a class does not count as a failure, and no vote for the background.
DiceLossOptions dice_options(const SupervisionOptions& options) { return {.include_background = options.regions, .batch = true}; }

at::Tensor complete_loss(const at::Tensor& logits, const at::Tensor& labels, const SupervisionOptions& options) {
  return options.regions ? dice_bce_loss(logits, to_brats_regions(labels), dice_options(options)) : dice_ce_loss(logits, labels, dice_options(options));
}

at::Tensor partial_loss(const at::Tensor& logits, const at::Tensor& labels, const LabelSets& sets, const at::Tensor& teacher, const SupervisionOptions& options) {
  const PartialLabelOptions& partial = options.partial;
  at::Tensor loss = options.regions ? marginal_dice_bce_loss(logits, labels, sets, dice_options(options)) : marginal_dice_ce_loss(logits, labels, sets, dice_options(options));
  if (partial.exclusion_weight > 0) loss = loss + partial.exclusion_weight * (options.regions ? region_exclusion_loss(logits, labels, sets) : class_exclusion_loss(logits, labels, sets));
  if (partial.distillation_weight > 0 && teacher.defined())
    loss = loss + partial.distillation_weight * (options.regions ? region_distillation_loss(logits, teacher, labels, sets, partial.temperature) : class_distillation_loss(logits, teacher, labels, sets, partial.temperature));
  return loss;
}

/// Samples of one kind of reference, by their numbers in the batch.
struct Share {
  LabelSets sets;
  std::vector<std::int64_t> samples;
};

bool counts_as_complete(const LabelSets& sets, const PartialLabelOptions& options) { return sets.is_complete() || options.loss == PartialLabels::kNaive; }

std::vector<Share> shares_of(const std::vector<LabelSets>& sets, const PartialLabelOptions& options) {
  std::vector<Share> shares;
  for (std::size_t n = 0; n < sets.size(); ++n) {
    const LabelSets kind = counts_as_complete(sets[n], options) ? LabelSets{} : sets[n];
    auto share = std::find_if(shares.begin(), shares.end(), [&](const Share& s) { return s.sets == kind; });
    if (share == shares.end()) share = shares.insert(shares.end(), {kind, {}});
    share->samples.push_back(static_cast<std::int64_t>(n));
  }
  return shares;
}

at::Tensor loss_of_level(const at::Tensor& logits, const at::Tensor& labels, const std::vector<Share>& shares, const at::Tensor& teacher, const SupervisionOptions& options) {
  const at::Tensor plain = logits.to(torch::kFloat32);
  if (shares.size() == 1) return shares[0].sets.is_complete() ? complete_loss(plain, labels, options) : partial_loss(plain, labels, shares[0].sets, teacher, options);
  at::Tensor loss = torch::zeros({});
  for (const Share& share : shares) {
    const at::Tensor samples = torch::tensor(share.samples, labels.options());
    const auto part = [&](const at::Tensor& all) { return all.index_select(0, samples); };
    const at::Tensor own = share.sets.is_complete() ? complete_loss(part(plain), part(labels), options) : partial_loss(part(plain), part(labels), share.sets, teacher.defined() ? part(teacher) : teacher, options);
    loss = loss + own * (static_cast<double>(share.samples.size()) / static_cast<double>(labels.size(0)));
  }
  return loss;
}

}  // namespace

at::Tensor supervised_loss(const std::vector<at::Tensor>& outputs, const at::Tensor& labels, const std::vector<LabelSets>& sets, const at::Tensor& teacher, const SupervisionOptions& options) {
  const std::vector<Share> shares = shares_of(sets, options.partial);
  at::Tensor loss = loss_of_level(outputs[0], labels, shares, teacher, options);
  double weight = 1, total = 1;
  for (std::size_t level = 1; level < outputs.size(); ++level) {
    weight /= 2;
    total += weight;
    const std::int64_t step = 1LL << level;
    const at::Tensor coarse = labels.slice(1, 0, {}, step).slice(2, 0, {}, step).slice(3, 0, {}, step).contiguous();
    loss = loss + weight * loss_of_level(outputs[level], coarse, shares, {}, options);
  }
  return loss / total;
}

bool needs_teacher(const std::vector<LabelSets>& sets, const PartialLabelOptions& options) {
  return options.distillation_weight > 0 && std::any_of(sets.begin(), sets.end(), [&](const LabelSets& s) { return !counts_as_complete(s, options); });
}

}  // namespace consilium::models
