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

/// Can steps on these cases change a tensor? Not the encoder of a modality that no case has, nor its projector where it never meets another one, nor gates that
/// never had to choose, nor what a weight of 0 turns off. Weight decay and an optimiser's memory would move such tensors all the same: training freezes them.
bool is_taught(const std::string& tensor, const Teaching& teaching, const UNetOptions& network, bool has_anchors);

/// How many of the cases train each group of a network with modalities; a group that stays as it is has 0.
std::map<std::string, std::int64_t> cases_per_group(std::span<const TrainingCase> cases, const UNetOptions& network, OutputKind kind);

/// Cases whose reference shows the output by itself and has some of it.
std::int64_t cases_with_class(std::span<const TrainingCase> cases, std::int64_t output, OutputKind kind);

}  // namespace consilium::models
