#pragma once

#include <span>
#include <string>
#include <vector>

#include "models/multimodal_options.h"
#include "models/training_case.h"
#include "models/unet3d.h"

namespace consilium::models {

/// Which modalities a sample has, in the order of MultimodalOptions::modalities.
using ModalitySet = std::vector<bool>;

/// One set per sample of a batch. Empty: every sample has every modality.
using Presence = std::vector<ModalitySet>;

/// The modalities of a sample from its channels (TrainingCase::present; empty: all).
/// @throws Error{kMismatch} beginning with `who`: other than the network's channels, a modality of which only some channels are there, or none at all.
ModalitySet modalities_of(const std::vector<bool>& channels, const MultimodalOptions& options, const std::string& who);

/// Of a case for a network: its modalities as the only entry, or empty where the network knows none.
/// @throws Error{kMismatch} naming the case: as modalities_of, or it lacks a channel, which a network without modalities cannot leave out.
Presence presence_of(const TrainingCase& sample, const UNetOptions& network);

/// A sample set per distinct ModalitySet, in the order of their first samples.
struct PresenceGroup {
  ModalitySet modalities;
  std::vector<std::int64_t> samples;
};
std::vector<PresenceGroup> groups_of(const Presence& presence);

/// Sample numbers that have a modality.
std::vector<std::int64_t> samples_with(const Presence& presence, std::size_t modality);

}  // namespace consilium::models
