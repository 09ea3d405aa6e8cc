#pragma once

#include <ATen/core/Tensor.h>

#include "models/label_sets.h"

namespace consilium::models {

/// Conditional distillation: what a partial reference leaves open is learnt from a teacher, the global model that the site received.
///
/// For every set of several classes: 1 - Dice of student and teacher over softmax(logits / temperature), conditioned on the set (p_c / sum of p over the set), on the
/// voxels that the reference puts into the set and the teacher too: where the teacher contradicts the reference, it is no teacher. Sums run over the batch,
/// the mean over classes and sets. With the missing classes in one set with the background this is ConDistFL's loss. 0 with complete sets.
/// Shapes: student and teacher (no gradient) [N, K, ...], labels [N, ...] int64. @throws Error{kMismatch} shapes differ; as validate(sets, K).
/// Source: Wang et al. 2023, "ConDistFL: Conditional Distillation for Federated Learning from Partially Annotated Data" (arXiv:2308.04070).
at::Tensor class_distillation_loss(const at::Tensor& student, const at::Tensor& teacher, const at::Tensor& labels, const LabelSets& sets, double temperature = 0.5);

/// The same for overlapping regions WT, TC, ET: sigmoid(logits / temperature) of the regions without annotation, on the voxels where nothing is known of
/// them and the teacher agrees with the reference in all that is known. Shapes: [N, 3, ...], labels [N, ...] int64 in [0, 4).
at::Tensor region_distillation_loss(const at::Tensor& student, const at::Tensor& teacher, const at::Tensor& labels, const LabelSets& sets, double temperature = 0.5);

}  // namespace consilium::models
