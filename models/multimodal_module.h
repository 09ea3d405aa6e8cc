#pragma once

// Only for .cpp files of this folder: it pulls in all of LibTorch.
#include <functional>
#include <map>
#include <string>

#include "models/anchor_attention_module.h"
#include "models/fusion_module.h"
#include "models/modality_encoder_module.h"
#include "models/network_module.h"
#include "models/projector_module.h"
#include "models/single_head_module.h"

namespace consilium::models {

/// Losses and means are not for bfloat16.
inline at::Tensor widened(const at::Tensor& x) { return x.scalar_type() == torch::kBFloat16 ? x.to(torch::kFloat32) : x; }

/// Encoders per modality, a fusion per level over the modalities that a sample has, one decoder.
///
/// A missing modality has no part in any number: its encoder does not run on the sample, and the sample is fused together with those that have the same
/// modalities. Tensors: stems.NAME.*, projectors.NAME.*, fusion.LEVEL.*, attention.*, the decoder's as the plain network's, single_head.* and anchors.CLASS.
struct MultimodalNetImpl final : NetworkImpl {
  explicit MultimodalNetImpl(const UNetOptions& options);
  std::vector<at::Tensor> forward(const at::Tensor& x, const Presence& presence) override;

  /// Per modality. `presence`: one set per sample.
  std::vector<ModalityFeatures> encode(const at::Tensor& x, const Presence& presence);
  /// Fused features per level, [N, ...] in the order of the samples; `used`: what of their modalities each sample's fusion sees.
  std::vector<at::Tensor> fuse(const std::vector<ModalityFeatures>& features, const Presence& used);
  /// Logits of the regions of a region fusion per level; empty for other fusions.
  std::vector<at::Tensor> regions(const std::vector<ModalityFeatures>& features, const Presence& used);
  /// Mean gates per level of samples that all have the modalities `used`: [N, M of those].
  std::vector<at::Tensor> gates(const std::vector<ModalityFeatures>& features, const ModalitySet& used);
  std::vector<at::Tensor> predict_from(const std::vector<at::Tensor>& fused) { return decode(fused); }

  /// What one modality's samples would be fused to at the deepest level if they had nothing else.
  at::Tensor alone(const ModalityFeatures& features);
  /// Unit vectors of the places of one modality's samples, [n, places, kProjected], from its shared deepest features; x fastest.
  at::Tensor project(std::size_t modality, const ModalityFeatures& features);
  /// The channels of the deepest features that are compared between modalities, and the rest (empty if shared_share is 1).
  at::Tensor shared(const ModalityFeatures& features) const;
  at::Tensor own(const ModalityFeatures& features) const;

  /// Means of classes that the federation has agreed on, by class; not all zero.
  std::map<std::int64_t, at::Tensor> known_anchors() const;

  std::vector<ModalityEncoder> stems;
  std::vector<Projector> projectors;
  std::vector<std::shared_ptr<FusionImpl>> fusion;
  AnchorAttention attention{nullptr};
  SingleHead single_head{nullptr};
  std::vector<at::Tensor> anchors;
  std::int64_t shared_channels = 0;

 private:
  /// Features of one level of the modalities `used`, rows of the given samples only.
  std::vector<at::Tensor> rows(const std::vector<ModalityFeatures>& features, const PresenceGroup& group, std::size_t level);
  /// What `part` makes of each level's rows, samples with the same modalities together; in the order of the samples.
  std::vector<at::Tensor> per_level(const std::vector<ModalityFeatures>& features, const Presence& used, const std::function<at::Tensor(FusionImpl&, const std::vector<at::Tensor>&)>& part);
};

}  // namespace consilium::models
