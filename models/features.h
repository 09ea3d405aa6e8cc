#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "models/predict.h"
#include "models/segmenter.h"

namespace consilium::models {

/// How much each modality counts in the fusions of an image: "NAME.LEVEL" -> mean gate over voxels and windows, level 0 the finest. At each level they add up to 1
/// over the modalities that are there; those that are not have no entry.
/// @throws Error{kUnsupported} a network without modalities; otherwise as predict_probabilities.
std::map<std::string, double> gate_weights(const Segmenter& segmenter, const at::Tensor& image, const std::vector<bool>& present = {}, const WindowOptions& window = {});

/// Cells along each axis of an image of which embedding() tells.
inline constexpr std::int64_t kEmbeddedCells = 4;

/// What a modality's projector makes of an image: of each of 4 x 4 x 4 equal cells the mean vector of its places, of length 1 (zeros: no place lies in it), one after another, x fastest, and all of length
/// 1 together: [4096]. Alignment brings the vectors of one study's modalities together. The windows had better be as large as training patches.
/// @throws Error{kUnsupported} a network without modalities; Error{kMismatch} no such modality, or not there; otherwise as predict_probabilities.
at::Tensor embedding(const Segmenter& segmenter, const at::Tensor& image, const std::vector<bool>& present, const std::string& modality, const WindowOptions& window = {});

/// Mean feature of each class in an image as one modality alone shows it, of length 1: what the anchor loss pulls towards the class's anchor. By label number; classes
/// without a voxel have no entry. `labels`: D * H * W, x fastest. @throws as embedding.
std::map<std::string, std::vector<float>> class_features(const Segmenter& segmenter, const at::Tensor& image, const std::vector<std::uint8_t>& labels, const std::vector<bool>& present,
                                                         const std::string& modality, const WindowOptions& window = {});

}  // namespace consilium::models
