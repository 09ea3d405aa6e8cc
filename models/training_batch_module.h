#pragma once

// Only for .cpp files of this folder and models/attack: it pulls in all of LibTorch.
#include <torch/torch.h>

#include <span>
#include <vector>

#include "models/label_sets.h"
#include "models/presence.h"

namespace consilium {
class Rng;
}

namespace consilium::models {

struct FitOptions;

/// Patches and their references.
struct TrainingBatch {
  at::Tensor image;   ///< [N, C, D, H, W]
  at::Tensor labels;  ///< [N, D, H, W] int64
  std::vector<LabelSets> sets;       ///< of each sample's reference
  Presence presence{};               ///< of each sample; empty for a network without modalities
  std::vector<std::int64_t> cases{};  ///< which case each sample is of
};

/// The same batch on `device`.
TrainingBatch moved_to(TrainingBatch batch, c10::Device device);

/// `size` augmented patches of cases that are drawn one by one, in the processor's memory. @throws Error{kMismatch} as presence_of.
TrainingBatch draw_batch(std::span<const TrainingCase> cases, const FitOptions& options, int size, const UNetOptions& network, Rng& rng);

}  // namespace consilium::models
