#pragma once

#include <string>

#include "models/unet3d.h"

namespace consilium::models {

/// The group that a tensor of a network belongs to: what one federation averages over the same sites, weighted by the cases that train it.
///
///     stem.NAME, projector.NAME   encoder and projector of a modality (the plain network: its first block, UNetOptions::stem_group)
///     fusion                      what every fused sample teaches: the convolution of the mean, attention to anchors
///     fusion.several              what only a sample of several modalities teaches: gates, and the convolution of the variance about the mean
///     fusion.regions              maps of a `region` fusion, which are supervised by themselves
///     trunk, head, head.single    decoder, outputs, each modality's own segmentation
///     anchors.CLASS               a class's anchor
std::string group_of(const std::string& tensor, const UNetOptions& options);

}  // namespace consilium::models
