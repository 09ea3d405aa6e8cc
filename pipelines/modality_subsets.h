#pragma once

#include <string>
#include <vector>

#include "pipelines/dataset.h"

namespace consilium::pipelines {

/// Which channels a model is given, in the order of normalise.channels.
using ChannelSet = std::vector<bool>;

std::vector<std::string> names_of(const ChannelSet& set, const TrainingSettings& settings);

/// Every non-empty subset of the modalities, fewest modalities first; of a network without modalities every channel is one.
std::vector<ChannelSet> modality_subsets(const TrainingSettings& settings);

/// Does a case have these?
bool has_channels(const PreparedCase& prepared, const ChannelSet& set);
/// Channels that at least one of the cases has.
ChannelSet channels_of(const std::vector<const PreparedCase*>& cases, const TrainingSettings& settings);
ChannelSet common(const ChannelSet& a, const ChannelSet& b);
bool is_empty(const ChannelSet& set);

/// The case as if it had no other channels than these: absent for a network of modalities, zeros for one without.
PreparedCase with_channels_only(PreparedCase prepared, const ChannelSet& set, const TrainingSettings& settings);

}  // namespace consilium::pipelines
