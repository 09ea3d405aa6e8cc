#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "models/state/model_state.h"
#include "pipelines/round_memory.h"

namespace consilium::pipelines {

/// Which tensors of a model stay at a site: numbers of those whose name fits a pattern ('*' and '?').
///
/// Normalisation layers ("*.norm?.*") make it FedBN (Li et al. 2021, arXiv:2102.07623), the last block ("output_block.*") FedPer (Arivazhagan et al.
/// 2019, arXiv:1912.00818), the first ones LG-FedAvg (Liang et al. 2020, arXiv:2001.01523).
/// @throws Error{kUsage} naming a pattern that fits no tensor: what was meant to stay would be sent; and if no tensor would be shared.
std::vector<std::size_t> personal_tensors(const std::vector<std::string>& patterns, const ModelState& model);

/// A site's own tensors through the rounds of a federation, one file per round, FOLDER/personal_after_<trainings>.safetensors: all are kept, because the
/// best round is known only at the end.
class PersonalTensors {
 public:
  PersonalTensors(std::vector<std::string> patterns, std::filesystem::path folder) : patterns_(std::move(patterns)), memory_(std::move(folder), "personal") {}

  /// The model with this site's tensors as they were after `trainings` rounds, or after the last round before in which the site trained; as it is while it has not.
  /// @throws as personal_tensors; Error{kMismatch} the file is of another model.
  ModelState put_into(ModelState model, std::int64_t trainings) const;
  /// Keeps the personal tensors of a model that was trained for the `trainings`th time.
  void save(const ModelState& trained, std::int64_t trainings) const;
  /// What is shared: the model without them.
  ModelState without(ModelState model) const;

 private:
  std::vector<std::string> patterns_;
  RoundMemory memory_;
};

}  // namespace consilium::pipelines
