#include "pipelines/modality_subsets.h"

#include <algorithm>

#include "base/error.h"

namespace consilium::pipelines {
namespace {

constexpr std::size_t kMostModalities = 8;  // 255 subsets

/// How many channels each modality has.
std::vector<std::size_t> widths_of(const TrainingSettings& settings) {
  std::vector<std::size_t> widths;
  for (const models::ModalityOptions& modality : settings.model.multimodal.modalities) widths.push_back(static_cast<std::size_t>(modality.channels));
  if (widths.empty()) widths.assign(settings.normalise.channels.size(), 1);
  return widths;
}

}  // namespace

std::vector<std::string> names_of(const ChannelSet& set, const TrainingSettings& settings) {
  std::vector<std::string> names;
  for (std::size_t n = 0; n < set.size(); ++n)
    if (set[n]) names.push_back(settings.normalise.channels.at(n));
  return names;
}

std::vector<ChannelSet> modality_subsets(const TrainingSettings& settings) {
  const std::vector<std::size_t> widths = widths_of(settings);
  require(widths.size() <= kMostModalities, ErrorCode::kUsage, "the subsets of " + std::to_string(widths.size()) + " modalities are too many to be judged; expected at most 8");
  std::vector<std::pair<int, ChannelSet>> subsets;
  for (unsigned bits = 1; bits < 1U << widths.size(); ++bits) {
    ChannelSet set;
    int modalities = 0;
    for (std::size_t m = 0; m < widths.size(); ++m) {
      const bool has = (bits >> m & 1U) != 0;
      set.insert(set.end(), widths[m], has);
      modalities += has ? 1 : 0;
    }
    subsets.emplace_back(modalities, std::move(set));
  }
  std::stable_sort(subsets.begin(), subsets.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<ChannelSet> sorted;
  for (auto& [modalities, set] : subsets) sorted.push_back(std::move(set));
  return sorted;
}

bool has_channels(const PreparedCase& prepared, const ChannelSet& set) {
  for (std::size_t n = 0; n < prepared.has.size(); ++n)
    if (set[n] && !prepared.has[n]) return false;
  return true;
}

ChannelSet channels_of(const std::vector<const PreparedCase*>& cases, const TrainingSettings& settings) {
  ChannelSet all(settings.normalise.channels.size(), false);
  for (const PreparedCase* c : cases)
    for (std::size_t n = 0; n < all.size(); ++n)
      if (c->has.empty() || c->has[n]) all[n] = true;
  return all;
}

ChannelSet common(const ChannelSet& a, const ChannelSet& b) {
  ChannelSet both(a.size());
  for (std::size_t n = 0; n < a.size(); ++n) both[n] = a[n] && b[n];
  return both;
}

bool is_empty(const ChannelSet& set) { return std::find(set.begin(), set.end(), true) == set.end(); }

PreparedCase with_channels_only(PreparedCase prepared, const ChannelSet& set, const TrainingSettings& settings) {
  models::TrainingCase& sample = prepared.sample;
  require(static_cast<std::size_t>(sample.channels) == set.size(), ErrorCode::kMismatch, "case " + prepared.name + " has " + std::to_string(sample.channels) + " channels, expected " + std::to_string(set.size()));
  const auto voxels = static_cast<std::ptrdiff_t>(sample.image.size() / set.size());
  if (prepared.has.empty()) prepared.has.assign(set.size(), true);
  if (sample.present.empty() && !settings.model.multimodal.modalities.empty()) sample.present.assign(set.size(), true);
  for (std::size_t n = 0; n < set.size(); ++n) {
    if (set[n]) continue;
    prepared.has[n] = false;
    std::fill_n(sample.image.begin() + static_cast<std::ptrdiff_t>(n) * voxels, voxels, 0.0F);
    if (!sample.present.empty()) sample.present[n] = false;
  }
  return prepared;
}

}  // namespace consilium::pipelines
