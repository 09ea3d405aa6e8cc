#include "models/presence.h"

#include <algorithm>

#include "base/error.h"

namespace consilium::models {

ModalitySet modalities_of(const std::vector<bool>& channels, const MultimodalOptions& options, const std::string& who) {
  std::size_t inputs = 0;
  for (const ModalityOptions& modality : options.modalities) inputs += static_cast<std::size_t>(modality.channels);
  if (channels.empty()) return ModalitySet(options.modalities.size(), true);
  require(channels.size() == inputs, ErrorCode::kMismatch, who + "says of " + std::to_string(channels.size()) + " channels which are there, the network has " + std::to_string(inputs));
  ModalitySet set;
  auto at = channels.begin();
  for (const ModalityOptions& modality : options.modalities) {
    const auto there = std::count(at, at + modality.channels, true);
    require(there == 0 || there == modality.channels, ErrorCode::kMismatch,
            who + "has " + std::to_string(there) + " of the " + std::to_string(modality.channels) + " channels of " + modality.name + "; a modality is there whole or not at all");
    set.push_back(there > 0);
    at += modality.channels;
  }
  require(std::find(set.begin(), set.end(), true) != set.end(), ErrorCode::kMismatch, who + "has none of the network's modalities");
  return set;
}

Presence presence_of(const TrainingCase& sample, const UNetOptions& network) {
  if (!network.multimodal.modalities.empty()) return {modalities_of(sample.present, network.multimodal, "case " + sample.id + ": ")};
  require(std::find(sample.present.begin(), sample.present.end(), false) == sample.present.end(), ErrorCode::kMismatch,
          "case " + sample.id + ": lacks a channel, which a network without model.multimodal.modalities cannot leave out");
  return {};
}

std::vector<PresenceGroup> groups_of(const Presence& presence) {
  std::vector<PresenceGroup> groups;
  for (std::size_t n = 0; n < presence.size(); ++n) {
    auto group = std::find_if(groups.begin(), groups.end(), [&](const PresenceGroup& g) { return g.modalities == presence[n]; });
    if (group == groups.end()) group = groups.insert(groups.end(), {presence[n], {}});
    group->samples.push_back(static_cast<std::int64_t>(n));
  }
  return groups;
}

std::vector<std::int64_t> samples_with(const Presence& presence, std::size_t modality) {
  std::vector<std::int64_t> samples;
  for (std::size_t n = 0; n < presence.size(); ++n)
    if (presence[n][modality]) samples.push_back(static_cast<std::int64_t>(n));
  return samples;
}

}  // namespace consilium::models
