#include "pipelines/modality_ensemble.h"

#include <optional>

#include "base/error.h"
#include "pipelines/normalise.h"
#include "pipelines/segment.h"

namespace consilium::pipelines {

std::vector<EnsembleMember> ensemble_members(const TrainingSettings& settings) {
  std::vector<EnsembleMember> members;
  for (const ChannelSet& set : modality_subsets(settings)) {
    // The subsets of one modality come first.
    bool is_new = true;
    for (const EnsembleMember& member : members) is_new = is_new && is_empty(common(member.channels, set));
    if (!is_new) break;
    EnsembleMember member{set, settings};
    member.training.normalise.channels = names_of(set, settings);
    member.training.normalise.reference.clear();
    member.training.normalise.missing = NormaliseOptions{}.missing;
    member.training.model.multimodal = {};
    member.training.model.in_channels = static_cast<int>(member.training.normalise.channels.size());
    members.push_back(std::move(member));
  }
  return members;
}

std::string member_name(const EnsembleMember& member) {
  std::string name = "ensemble";
  for (const std::string& channel : member.training.normalise.channels) name += "_" + channel;
  return name;
}

PreparedCase case_of_member(const PreparedCase& prepared, const EnsembleMember& member) {
  PreparedCase result = prepared;
  models::TrainingCase& sample = result.sample;
  const std::size_t voxels = sample.image.size() / member.channels.size();
  sample.image.clear();
  for (std::size_t n = 0; n < member.channels.size(); ++n)
    if (member.channels[n]) sample.image.insert(sample.image.end(), prepared.sample.image.begin() + static_cast<std::ptrdiff_t>(n * voxels), prepared.sample.image.begin() + static_cast<std::ptrdiff_t>((n + 1) * voxels));
  sample.channels = member.training.model.in_channels;
  sample.present.clear();
  return result;
}

LabelMap segment_by_ensemble(const std::vector<EnsembleMember>& members, const std::vector<models::Segmenter>& networks, const PreparedCase& prepared, const ChannelSet& given) {
  std::vector<Volume> mean;
  for (std::size_t m = 0; m < members.size(); ++m) {
    if (common(members[m].channels, given) != members[m].channels) continue;
    std::vector<Volume> probabilities = class_probabilities(networks[m], case_of_member(prepared, members[m]), members[m].training);
    if (mean.empty()) {
      mean = std::move(probabilities);
      continue;
    }
    // A sum: the largest class is the same as of the mean.
    for (std::size_t c = 0; c < mean.size(); ++c)
      for (std::size_t n = 0; n < mean[c].voxels.size(); ++n) mean[c].voxels[n] += probabilities[c].voxels[n];
  }
  require(!mean.empty(), ErrorCode::kNotFound, "case " + prepared.name + " has none of the modalities of the ensemble");
  return restore(mean, prepared.native);
}

}  // namespace consilium::pipelines
