#pragma once

#include <vector>

#include "models/segmenter.h"
#include "pipelines/modality_subsets.h"

namespace consilium::pipelines {

/// One network of an ensemble that has one per modality, and whose prediction is the mean of those of the modalities that a case has: what hospitals get without a network that fuses.
struct EnsembleMember {
  ChannelSet channels;        ///< its modality's, among those of the settings
  TrainingSettings training;  ///< of a plain network on these channels
};
/// One member per modality of the settings.
std::vector<EnsembleMember> ensemble_members(const TrainingSettings& settings);
/// "ensemble_CT", ...
std::string member_name(const EnsembleMember& member);

/// The case with the member's channels only, as its network reads it. @pre has_channels(prepared, member.channels)
PreparedCase case_of_member(const PreparedCase& prepared, const EnsembleMember& member);

/// Mean of the class probabilities of the members whose channels are all given, on the scanner's grid. @throws Error{kNotFound} none is.
LabelMap segment_by_ensemble(const std::vector<EnsembleMember>& members, const std::vector<models::Segmenter>& networks, const PreparedCase& prepared, const ChannelSet& given);

}  // namespace consilium::pipelines
