#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/settings.h"

namespace consilium::models {

/// One kind of image: it has an encoder ("stem") of its own.
struct ModalityOptions {
  std::string name;  ///< letters, digits, - and _; part of the names of tensors and groups
  int channels = 1;  ///< how many of the network's inputs, one after another, are this modality's

  bool operator==(const ModalityOptions&) const = default;
};

/// How features of the modalities that a case has become one.
enum class Fusion {
  kGated,   ///< gate per voxel: weighted mean, and the variance about it
  kHemis,   ///< plain mean and variance (HeMIS, Havaei et al. 2016, arXiv:1607.05194)
  kRegion,  ///< gate per region of a coarse segmentation (after RFNet, Ding et al. 2021, ICCV)
  kExperts, ///< product of normal distributions (after U-HVED, Dorent et al. 2019, arXiv:1907.11150)
};

/// A network that takes any non-empty subset of its modalities. Without modalities: the plain network.
/// Numbers: those with which a small CT, MR and PET model was tried (docs/decisions/0036_missing_is_absent.md).
struct MultimodalOptions {
  std::vector<ModalityOptions> modalities{};  ///< their channels add up to the network's inputs, in this order
  Fusion fusion = Fusion::kGated;
  bool attention = false;            ///< deepest features look at the class anchors
  double modality_dropout = 0.3;     ///< chance that training leaves a present modality out of the fusion, [0, 1); one always stays
  double auxiliary_weight = 0.5;     ///< of the loss of each modality's own segmentation; 0: no such head is trained
  double contrastive_weight = 0.1;   ///< of the contrastive loss between places of one study's modalities; 0: off
  double temperature = 0.1;          ///< of the contrastive loss
  double anchor_weight = 0.05;       ///< pull of a class's mean feature in each modality towards the class's anchor; 0: off
  double shared_share = 0.5;         ///< share of the deepest channels that the contrastive loss brings together, (0, 1]; the rest may tell what this modality alone shows; both are fused
  double decorrelation_weight = 0.01;  ///< of the correlation between shared and private channels; only with shared_share below 1

  bool operator==(const MultimodalOptions&) const = default;
};

const std::vector<std::pair<std::string, Fusion>>& fusion_words();

/// @throws Error{kUsage} naming the field, or channels that do not add up to `in_channels`.
void validate(const MultimodalOptions& options, int in_channels);

/// JSON keys are the field names. Does not validate: the number of inputs is another object's. @throws Error{kUsage}
void read_multimodal_options(SettingsReader& reader, MultimodalOptions& options);
Json to_json(const MultimodalOptions& options);

}  // namespace consilium::models
