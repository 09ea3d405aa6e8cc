#include "pipelines/site_model.h"

#include "models/state/control_variates.h"
#include "pipelines/personal.h"

namespace consilium::pipelines {

bool has_site_models(const TrainingSettings& s) { return !s.personal.empty() || s.local.ditto_lambda > 0; }

ModelState model_at_site(const TrainingSettings& s, const std::filesystem::path& folder, ModelState global, std::int64_t trainings) {
  global = without_control_variates(std::move(global));
  if (s.local.ditto_lambda == 0) return PersonalTensors(s.personal, folder).put_into(std::move(global), trainings);
  auto own = ditto_memory(folder).before(trainings);
  if (!own) return global;
  require_same_layout(global, *own);
  return std::move(*own);
}

ModelState federation_start(const TrainingSettings& s, const ModelState& model) {
  return s.local.control_variates == ControlVariates::kOff ? model : with_control_variates(model);
}

RoundMemory ditto_memory(const std::filesystem::path& folder) { return {folder, "ditto"}; }

}  // namespace consilium::pipelines
