#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "models/label_sets.h"
#include "models/partial_labels.h"

namespace consilium::models {

struct SupervisionOptions {
  bool regions = false;  ///< the network's outputs are WT, TC, ET (sigmoid), else classes (softmax)
  PartialLabelOptions partial{};
};

/// The training loss of one batch: Dice plus cross-entropy over all supervised levels, weights halved per level; samples whose reference is partial by
/// `options.partial`, each kind by itself and weighted by its share of the batch.
///
/// Shapes: outputs [N, K, D, H, W], then one per level at half the size each; labels [N, D, H, W] int64; `sets`: N; `teacher`: logits as outputs[0] (undefined: no
/// distillation) -> scalar.
at::Tensor supervised_loss(const std::vector<at::Tensor>& outputs, const at::Tensor& labels, const std::vector<LabelSets>& sets, const at::Tensor& teacher, const SupervisionOptions& options);

/// Does any of these references ask for a teacher's logits?
bool needs_teacher(const std::vector<LabelSets>& sets, const PartialLabelOptions& options);

}  // namespace consilium::models
