#pragma once

// Only for .cpp files of this folder: it pulls in all of LibTorch.
#include <map>

#include "base/rng.h"
#include "models/multimodal_module.h"
#include "models/precision.h"
#include "models/supervision.h"
#include "models/training_batch_module.h"

namespace consilium::models {

struct MultimodalLossOptions {
  SupervisionOptions supervision{};
  Precision precision = Precision::kFloat32;
  bool contrasts = false;    ///< some case has two modalities, and the weight is not 0
  bool gathers_means = false;  ///< for class_means()
};

/// The training loss of a network with modalities:
///
///     supervised loss of the fused prediction, each modality left out of it by chance
///     + auxiliary_weight mean_m (supervised loss of modality m alone [+ of the regions of a region fusion])
///     + contrastive_weight mean over pairs of modalities (info_nce over the places of samples that have both)
///     + anchor_weight mean_m anchor_loss
///     + decorrelation_weight mean_m decorrelation_loss
///
/// What is left out of the fusion still trains by itself and is aligned.
class MultimodalLoss {
 public:
  MultimodalLoss(MultimodalNetImpl& net, const MultimodalLossOptions& options);

  /// Of one batch; `teacher` as in supervised_loss.
  at::Tensor of(const TrainingBatch& batch, const at::Tensor& teacher, Rng& rng);

  /// Mean fused deepest feature of each class over the samples so far that had it.
  std::map<std::int64_t, std::vector<float>> class_means() const;

 private:
  at::Tensor auxiliary(const TrainingBatch& batch, const std::vector<ModalityFeatures>& features, const Presence& used);
  at::Tensor contrast(const TrainingBatch& batch, const std::vector<ModalityFeatures>& features, Rng& rng);
  at::Tensor anchored(const std::vector<ModalityFeatures>& features, const at::Tensor& weights);
  at::Tensor decorrelated(const std::vector<ModalityFeatures>& features);
  void gather(const at::Tensor& fused, const at::Tensor& weights);

  MultimodalNetImpl& net_;
  const MultimodalOptions& weights_;
  MultimodalLossOptions options_;
  at::Tensor sums_, counts_;  ///< of class means, float64 [K, C], [K, 1]
};

}  // namespace consilium::models
