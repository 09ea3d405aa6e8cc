#pragma once

#include <ATen/core/Tensor.h>

#include "models/label_sets.h"

namespace consilium::models {

/// Overlap of a prediction with the place where the reference rules it out: mean over channels of 2 sum(p e) / (sum p + sum e), plus the mean of
/// e log(p + 1), which stays finite. 0 when nothing is predicted there. Sums run over the batch.
/// Shapes: probabilities and excluded (0 or 1) [N, C, ...] -> scalar. @throws Error{kMismatch} shapes differ.
/// Source: Shi et al. 2021, exclusion Dice and exclusion cross-entropy (doi:10.1016/j.media.2021.101979).
at::Tensor exclusion_loss(const at::Tensor& probabilities, const at::Tensor& excluded);

/// Over the classes that a partial reference does not tell apart from others, each excluded where another set is marked: an organ without annotation does
/// not overlap those that have one. Shapes: logits [N, K, ...], labels [N, ...] int64. 0 with complete sets. @throws as validate(sets, K).
at::Tensor class_exclusion_loss(const at::Tensor& logits, const at::Tensor& labels, const LabelSets& sets);

/// The same for overlapping regions WT, TC, ET: a region without annotation is excluded where what is annotated rules it out, as core and enhancement are
/// outside the whole tumour. Shapes: logits [N, 3, ...], labels [N, ...] int64 in [0, 4).
at::Tensor region_exclusion_loss(const at::Tensor& logits, const at::Tensor& labels, const LabelSets& sets);

}  // namespace consilium::models
