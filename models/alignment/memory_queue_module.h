#pragma once

// Only for .cpp files of models/: it pulls in all of LibTorch.
#include <torch/torch.h>

#include <string>
#include <vector>

#include "models/alignment/info_nce.h"
#include "models/multimodal_options.h"
#include "models/state/model_state.h"

namespace consilium::models {

/// The last vectors of each modality and the cases they are of. They are of patients: a queue stays at its site, and only vectors without a name are in it.
/// Source: cross-batch memory, Wang et al. 2020 (arXiv:1912.06798), section 3.2.
class MemoryQueue {
 public:
  /// Goes on from `earlier`, as state() gave it. @throws Error{kMismatch} it is of other modalities or of another size.
  MemoryQueue(const MultimodalOptions& options, const ModelState& earlier);

  /// For samples of the given cases.
  Remembered remembered(std::size_t modality, const std::vector<std::int64_t>& cases) const;
  void push(std::size_t modality, const at::Tensor& vectors, const std::vector<std::int64_t>& cases);
  /// Tensor NAME: [n, vector and number of the case].
  ModelState state() const;

 private:
  MultimodalOptions options_;
  std::vector<at::Tensor> rows_;  ///< oldest first
};

}  // namespace consilium::models
