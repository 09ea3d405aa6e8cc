#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <vector>

#include "models/precision.h"
#include "models/segmenter.h"

namespace consilium::models {

struct WindowOptions {
  std::array<std::int64_t, 3> patch{64, 64, 64};  ///< D, H, W voxels; each a multiple of stride_of(the network)
  double overlap = 0.5;                           ///< fraction of a patch, [0, 1); 0.5 as in nnU-Net
  bool gaussian = true;                           ///< weight the middle of a window more than its edge
  Precision precision = Precision::kFloat32;
  bool sigmoid = false;                           ///< regions that overlap (each between 0 and 1) instead of classes that exclude each other
};

/// Class probabilities of an image of any size: softmax logits of overlapping windows, averaged. Images smaller than a patch are padded with 0.
/// Computed where the segmenter is, given back in the processor's memory. Shapes: image [C, D, H, W] float32 -> [K, D, H, W] float32, sums over K are 1. `present`: per channel, is it there (empty: all). A network with modalities leaves
/// the others out, and nobody reads their voxels; one without has no such way, and sees zeros.
/// @throws Error{kMismatch} channels differ, a modality of which only some channels are there, or none at all; Error{kUsage} the patch is no multiple of the network's stride.
/// Source: Isensee et al. 2021, doi:10.1038/s41592-020-01008-z.
at::Tensor predict_probabilities(const Segmenter& segmenter, const at::Tensor& image, const WindowOptions& options = {}, const std::vector<bool>& present = {});

}  // namespace consilium::models
