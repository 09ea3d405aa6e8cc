#include "pipelines/judge_models.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "pipelines/segment.h"

namespace consilium::pipelines {
namespace {

PredictFrom by_ensemble(const TrainedModel& model, const TrainingSettings& settings) {
  struct Networks {
    std::vector<EnsembleMember> members;
    std::vector<models::Segmenter> networks;
  };
  auto made = std::make_shared<Networks>();
  return [made, &model, &settings](const PreparedCase& prepared, const ChannelSet& given) {
    if (made->members.empty())
      for (EnsembleMember& member : ensemble_members(settings)) {
        const auto best = model.members.find(member_name(member));
        if (best == model.members.end()) continue;  // no site has the modality
        made->networks.push_back(to_segmenter(member.training, best->second));
        made->members.push_back(std::move(member));
      }
    return segment_by_ensemble(made->members, made->networks, prepared, given);
  };
}

}  // namespace

PredictFrom predictor_of(const TrainedModel& model, const std::string& site, const TrainingSettings& settings) {
  if (!model.members.empty()) return by_ensemble(model, settings);
  const auto own = model.at_site.find(site);
  const ModelState& state = own == model.at_site.end() ? model.best : own->second;
  auto network = std::make_shared<std::optional<models::Segmenter>>();
  return [network, &state, &settings](const PreparedCase& prepared, const ChannelSet& given) {
    if (!*network) *network = to_segmenter(settings, state);
    const bool is_whole = std::find(given.begin(), given.end(), false) == given.end();
    return is_whole ? segment(**network, prepared, settings) : segment(**network, with_channels_only(prepared, given, settings), settings);
  };
}

ChannelSet known_to(const TrainedModel& model, const std::vector<SiteCases>& trained, const TrainingSettings& settings) {
  std::vector<const PreparedCase*> cases;
  for (const SiteCases& site : trained)
    if (std::find(model.summary.trained_on.begin(), model.summary.trained_on.end(), site.site) != model.summary.trained_on.end()) cases.insert(cases.end(), site.train.begin(), site.train.end());
  return channels_of(cases, settings);
}

}  // namespace consilium::pipelines
