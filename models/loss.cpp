#include "models/loss.h"

#include <torch/torch.h>

#include <cmath>

#include "base/error.h"

namespace consilium::models {
namespace {

/// Axes that a ratio sums over: space, and the batch if asked for.
std::vector<std::int64_t> summed_axes(const at::Tensor& x, bool batch) {
  std::vector<std::int64_t> axes;
  if (batch) axes.push_back(0);
  for (std::int64_t axis = 2; axis < x.dim(); ++axis) axes.push_back(axis);
  return axes;
}

}  // namespace

at::Tensor soft_dice_loss(const at::Tensor& probabilities, const at::Tensor& target, const DiceLossOptions& options) {
  require(probabilities.sizes() == target.sizes() && probabilities.dim() >= 3, ErrorCode::kMismatch, "probabilities and target of a Dice loss differ in shape");
  at::Tensor p = probabilities, t = target;
  if (!options.include_background) {
    p = p.slice(1, 1);
    t = t.slice(1, 1);
  }
  const auto axes = summed_axes(p, options.batch);
  const at::Tensor overlap = (p * t).sum(axes), total = p.sum(axes) + t.sum(axes);
  return 1 - ((2 * overlap + options.smooth) / (total + options.smooth)).mean();
}

at::Tensor dice_ce_loss(const at::Tensor& logits, const at::Tensor& labels, const DiceLossOptions& options) {
  require(logits.dim() == labels.dim() + 1 && logits.size(0) == labels.size(0) && logits.sizes().slice(2) == labels.sizes().slice(1), ErrorCode::kMismatch, "logits and labels differ in shape");
  const at::Tensor target = torch::one_hot(labels, logits.size(1)).movedim(-1, 1).to(logits.scalar_type());
  return soft_dice_loss(torch::softmax(logits, 1), target, options) + torch::nn::functional::cross_entropy(logits, labels);
}

at::Tensor dice_bce_loss(const at::Tensor& logits, const at::Tensor& regions, const DiceLossOptions& options) {
  require(logits.sizes() == regions.sizes(), ErrorCode::kMismatch, "logits and regions differ in shape");
  return soft_dice_loss(torch::sigmoid(logits), regions, options) + torch::binary_cross_entropy_with_logits(logits, regions);
}

at::Tensor to_brats_regions(const at::Tensor& labels) {
  return torch::stack({labels > 0, (labels > 0) & (labels != 2), labels == 3}, 1).to(torch::kFloat32);
}

double poly_learning_rate(double base, std::int64_t step, std::int64_t total, double power) {
  require(step >= 0 && step <= total && total > 0, ErrorCode::kUsage, "a learning-rate schedule needs 0 <= step <= total and total > 0");
  return base * std::pow(1 - static_cast<double>(step) / static_cast<double>(total), power);
}

}  // namespace consilium::models
