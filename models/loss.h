#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace consilium::models {

struct DiceLossOptions {
  double smooth = 1e-5;
  bool include_background = true;  ///< of the softmax classes
  bool batch = false;              ///< sums over the batch before the ratio
};

/// 1 - mean of (2 sum(p t) + smooth) / (sum p + sum t + smooth) over samples and channels. Differentiable in `probabilities`.
/// Shapes: both [N, K, ...] float32. Source: Milletari et al. 2016 (arXiv:1606.04797) with first-order denominator, as MONAI and nnU-Net.
at::Tensor soft_dice_loss(const at::Tensor& probabilities, const at::Tensor& target, const DiceLossOptions& options = {});

/// Soft Dice over softmax probabilities plus cross-entropy. Shapes: logits [N, K, ...] float32, labels [N, ...] int64 in [0, K) -> scalar.
/// @throws Error{kMismatch} shapes differ.
at::Tensor dice_ce_loss(const at::Tensor& logits, const at::Tensor& labels, const DiceLossOptions& options = {});

/// Soft Dice plus binary cross-entropy over overlapping regions (sigmoid). Shapes: logits and regions [N, R, ...] -> scalar.
/// @throws Error{kMismatch} shapes differ.
at::Tensor dice_bce_loss(const at::Tensor& logits, const at::Tensor& regions, const DiceLossOptions& options = {});

/// Labels (0, 1 NCR, 2 ED, 3 ET) [N, ...] int64 -> [N, 3, ...] float32: WT, TC, ET.
at::Tensor to_brats_regions(const at::Tensor& labels);

/// base * (1 - step / total)^power. @throws Error{kUsage} not 0 <= step <= total.
double poly_learning_rate(double base, std::int64_t step, std::int64_t total, double power = 0.9);

}  // namespace consilium::models
