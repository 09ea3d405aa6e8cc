#include "models/teaching.h"

#include <algorithm>

#include "models/presence.h"
#include "models/tensor_group.h"

namespace consilium::models {

Teaching teaching_of(std::span<const TrainingCase> cases, const UNetOptions& network) {
  const std::size_t count = network.multimodal.modalities.size();
  Teaching teaching{std::vector<std::int64_t>(count, 0), std::vector<std::int64_t>(count, 0), static_cast<std::int64_t>(cases.size())};
  for (const TrainingCase& sample : cases) {
    const Presence presence = presence_of(sample, network);
    if (presence.empty()) continue;
    const ModalitySet& set = presence[0];
    const bool several = std::count(set.begin(), set.end(), true) > 1;
    if (several) ++teaching.cases_of_several;
    for (std::size_t m = 0; m < count; ++m) {
      if (!set[m]) continue;
      ++teaching.cases_with[m];
      if (several) ++teaching.cases_beside[m];
    }
  }
  return teaching;
}

std::map<std::string, std::int64_t> cases_of_weights(const Teaching& teaching, const MultimodalOptions& options) {
  const std::int64_t with_own_loss = options.auxiliary_weight > 0 ? teaching.cases : 0;
  std::map<std::string, std::int64_t> counts{{"trunk", teaching.cases}, {"head", teaching.cases}, {"head.single", with_own_loss}, {"fusion", teaching.cases}};
  if (options.fusion != Fusion::kExperts) counts["fusion.several"] = teaching.cases_of_several;
  if (options.fusion == Fusion::kRegion) counts["fusion.regions"] = std::max(with_own_loss, teaching.cases_of_several);
  for (std::size_t m = 0; m < options.modalities.size(); ++m) {
    counts["stem." + options.modalities[m].name] = teaching.cases_with[m];
    counts["projector." + options.modalities[m].name] = options.contrastive_weight > 0 ? teaching.cases_beside[m] : 0;
  }
  return counts;
}

bool is_taught(const std::string& tensor, const std::map<std::string, std::int64_t>& counts, const UNetOptions& network, bool has_anchors) {
  if (network.multimodal.modalities.empty() || tensor.starts_with("anchors.")) return true;
  if (tensor.starts_with("attention.")) return has_anchors;
  return counts.at(group_of(tensor, network)) > 0;
}

std::int64_t cases_with_class(std::span<const TrainingCase> cases, std::int64_t output, OutputKind kind) {
  std::int64_t count = 0;
  for (const TrainingCase& sample : cases)
    if (tells_apart(sample.sets, output, kind) && std::any_of(sample.labels.begin(), sample.labels.end(), [&](std::uint8_t label) { return is_of_output(label, output, kind); })) ++count;
  return count;
}

std::map<std::string, std::int64_t> cases_per_group(std::span<const TrainingCase> cases, const UNetOptions& network, OutputKind kind) {
  std::map<std::string, std::int64_t> counts = cases_of_weights(teaching_of(cases, network), network.multimodal);
  for (int c = 0; c < network.out_channels; ++c) counts["anchors." + std::to_string(c)] = cases_with_class(cases, c, kind);
  return counts;
}

}  // namespace consilium::models
