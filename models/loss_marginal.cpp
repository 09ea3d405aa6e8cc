#include "models/loss_marginal.h"

#include <torch/torch.h>

#include <array>

#include "base/error.h"

namespace consilium::models {
namespace {

constexpr std::int64_t kClasses = 4, kRegions = 3;
/// As to_brats_regions: WT, TC, ET of background, core, oedema, enhancing.
constexpr std::array<std::array<bool, kRegions>, kClasses> kInside{{{false, false, false}, {true, true, false}, {true, false, false}, {true, true, true}}};

void require_shapes(const at::Tensor& logits, const at::Tensor& labels) {
  require(logits.dim() == labels.dim() + 1 && logits.size(0) == labels.size(0) && logits.sizes().slice(2) == labels.sizes().slice(1), ErrorCode::kMismatch, "logits and labels differ in shape");
}

/// A table [classes, columns] looked up for every voxel: [N, columns, ...].
at::Tensor look_up(const at::Tensor& table, const at::Tensor& labels) {
  std::vector<std::int64_t> shape = labels.sizes().vec();
  shape.push_back(table.size(1));
  return table.index_select(0, labels.flatten()).view(shape).movedim(-1, 1);
}

}  // namespace

at::Tensor marginal_dice_ce_loss(const at::Tensor& logits, const at::Tensor& labels, const LabelSets& sets, const DiceLossOptions& options) {
  require_shapes(logits, labels);
  validate(sets, logits.size(1));
  const at::Tensor log_p = torch::log_softmax(logits, 1);
  std::vector<at::Tensor> merged;
  for (std::int64_t set = 0; set < sets.count(); ++set) merged.push_back(torch::logsumexp(log_p.index_select(1, torch::tensor(sets.classes_of(set), labels.options())), 1));
  const at::Tensor log_q = torch::stack(merged, 1);
  const at::Tensor set_of_voxel = torch::tensor(sets.set_of_class, labels.options()).index_select(0, labels.flatten()).view(labels.sizes());
  const at::Tensor target = torch::one_hot(set_of_voxel, sets.count()).movedim(-1, 1).to(logits.scalar_type());
  return soft_dice_loss(log_q.exp(), target, options) + torch::nn::functional::nll_loss(log_q, set_of_voxel);
}

KnownRegions known_regions(const at::Tensor& labels, const LabelSets& sets, at::ScalarType type) {
  validate(sets, kClasses);
  at::Tensor target = torch::zeros({kClasses, kRegions}, type), known = torch::zeros({kClasses, kRegions}, type);
  KnownRegions result;
  for (std::int64_t r = 0; r < kRegions; ++r) {
    bool everywhere = true;
    for (std::int64_t c = 0; c < kClasses; ++c) {
      bool all = true, none = true;
      for (const std::int64_t member : sets.classes_of(sets.set_of_class[static_cast<std::size_t>(c)])) {
        const bool inside = kInside[static_cast<std::size_t>(member)][static_cast<std::size_t>(r)];
        all = all && inside;
        none = none && !inside;
      }
      if (all) target[c][r] = 1;
      if (all || none) known[c][r] = 1;
      everywhere = everywhere && (all || none);
    }
    if (everywhere) result.annotated.push_back(r);
  }
  result.target = look_up(target.to(labels.device()), labels);
  result.known = look_up(known.to(labels.device()), labels);
  return result;
}

at::Tensor marginal_dice_bce_loss(const at::Tensor& logits, const at::Tensor& labels, const LabelSets& sets, const DiceLossOptions& options) {
  require_shapes(logits, labels);
  require(logits.size(1) == kRegions, ErrorCode::kMismatch, "a network for WT, TC and ET has 3 outputs, this one has " + std::to_string(logits.size(1)));
  const KnownRegions regions = known_regions(labels, sets, logits.scalar_type());
  const at::Tensor entropy = torch::binary_cross_entropy_with_logits(logits, regions.target, {}, {}, at::Reduction::None);
  const at::Tensor loss = (entropy * regions.known).sum() / regions.known.sum().clamp_min(1);
  if (regions.annotated.empty()) return loss;
  const at::Tensor channels = torch::tensor(regions.annotated, labels.options());
  return soft_dice_loss(torch::sigmoid(logits).index_select(1, channels), regions.target.index_select(1, channels), options) + loss;
}

}  // namespace consilium::models
