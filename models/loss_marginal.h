#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "models/label_sets.h"
#include "models/loss.h"

namespace consilium::models {

/// Dice plus cross-entropy on what a partial reference tells apart: the probability of a set is the sum over its classes, q_s = sum over c in s of p_c.
///
/// With classes that are missing from the reference in one set with the background this is p'_0 = p_0 + sum of p_c over them.
/// Shapes: logits [N, K, ...] float, labels [N, ...] int64 in [0, K), any class of the set -> scalar. The Dice leaves set 0 out unless options.include_background.
/// @throws Error{kMismatch} shapes differ; as validate(sets, K).
/// Source: Shi et al. 2021, "Marginal loss and exclusion loss for partially supervised multi-organ segmentation" (doi:10.1016/j.media.2021.101979, arXiv:2007.03868).
at::Tensor marginal_dice_ce_loss(const at::Tensor& logits, const at::Tensor& labels, const LabelSets& sets, const DiceLossOptions& options = {});

/// What a partial reference of the four classes says of the nested regions WT, TC, ET.
struct KnownRegions {
  at::Tensor target;           ///< [N, 3, ...]: 1 inside; 0 outside and where it is not known
  at::Tensor known;            ///< [N, 3, ...]: 1 where every class of the voxel's set agrees: outside the whole tumour there is neither core nor enhancement, inside the core there is tumour
  std::vector<std::int64_t> annotated;  ///< regions that are known everywhere
};
KnownRegions known_regions(const at::Tensor& labels, const LabelSets& sets, at::ScalarType type);

/// The same for overlapping regions: Dice over the annotated ones, binary cross-entropy averaged over all that is known. With complete sets it is dice_bce_loss.
/// Shapes: logits [N, 3, ...], labels [N, ...] int64 in [0, 4). @throws as above.
at::Tensor marginal_dice_bce_loss(const at::Tensor& logits, const at::Tensor& labels, const LabelSets& sets, const DiceLossOptions& options = {});

}  // namespace consilium::models
