#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "models/alignment/class_weights.h"
#include "models/training_case.h"
#include "models/unet3d.h"

namespace consilium::models {

/// What a set of cases can teach a network with modalities.
struct Teaching {
  std::vector<std::int64_t> cases_with;    ///< per modality
  std::vector<std::int64_t> cases_beside;  ///< per modality: that have it and another one
  std::int64_t cases = 0;                  ///< all
  std::int64_t cases_of_several = 0;       ///< that have more than one modality
};
/// @throws Error{kMismatch} as presence_of.
Teaching teaching_of(std::span<const TrainingCase> cases, const UNetOptions& network);

/// How many of the cases train each group of a network with modalities, but the anchors; a group that stays as it is has 0.
std::map<std::string, std::int64_t> cases_of_weights(const Teaching& teaching, const MultimodalOptions& options);

/// Can steps on these cases change a tensor? Not the encoder of a modality that no case has, nor its projector where it never meets another one, nor gates that
/// never had to choose, nor what a weight of 0 turns off. Weight decay and an optimiser's memory would move such tensors all the same: training freezes them.
/// `counts`: cases_of_weights of the cases.
bool is_taught(const std::string& tensor, const std::map<std::string, std::int64_t>& counts, const UNetOptions& network, bool has_anchors);

/// The same with the anchors: cases that show each class.
std::map<std::string, std::int64_t> cases_per_group(std::span<const TrainingCase> cases, const UNetOptions& network, OutputKind kind);

/// Cases whose reference shows the output by itself and has some of it.
std::int64_t cases_with_class(std::span<const TrainingCase> cases, std::int64_t output, OutputKind kind);

}  // namespace consilium::models
