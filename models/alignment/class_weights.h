#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "models/supervision.h"

namespace consilium::models {

/// What the outputs of a network are.
enum class OutputKind {
  kClasses,  ///< the label numbers
  kRegions,  ///< WT, TC, ET
};
inline OutputKind output_kind(const SupervisionOptions& supervision) { return supervision.regions ? OutputKind::kRegions : OutputKind::kClasses; }

/// How much of each coarse voxel belongs to each output of a network.
/// Shapes: labels [N, D, H, W] int64 -> [N, K, D / stride, ...] float32 in [0, 1]. Zeros for a sample whose reference does not tell that output apart from others.
at::Tensor class_weights(const at::Tensor& labels, const std::vector<LabelSets>& sets, std::int64_t outputs, OutputKind kind, std::int64_t stride);

/// Does a label belong to an output?
bool is_of_output(std::int64_t label, std::int64_t output, OutputKind kind);

/// Does a reference show this output by itself?
bool tells_apart(const LabelSets& sets, std::int64_t output, OutputKind kind);

/// Mean feature of each class over the voxels of each sample.
/// Shapes: features [N, C, ...], weights [N, K, ...] -> [N, K, C], zeros where a sample has nothing of the class.
at::Tensor class_means_of_samples(const at::Tensor& features, const at::Tensor& weights);

/// The same over the whole batch: [K, C].
at::Tensor class_means_of_batch(const at::Tensor& features, const at::Tensor& weights);

}  // namespace consilium::models
