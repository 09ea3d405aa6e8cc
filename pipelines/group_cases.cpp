#include "pipelines/group_cases.h"

#include "models/teaching.h"

namespace consilium::pipelines {

std::map<std::string, std::int64_t> cases_of_groups(const ModelState& model, const TrainingSettings& settings, std::span<const models::TrainingCase> samples) {
  if (!settings.model.multimodal.modalities.empty()) return models::cases_per_group(samples, settings.model, models::output_kind({settings.fit.regions, settings.fit.partial_labels}));
  std::map<std::string, std::int64_t> cases;
  for (const NamedTensor& tensor : model.tensors) cases[tensor.group] = static_cast<std::int64_t>(samples.size());
  return cases;
}

}  // namespace consilium::pipelines
