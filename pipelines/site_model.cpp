#include "pipelines/site_model.h"

#include <vector>

#include "models/state/clusters.h"
#include "models/state/control_variates.h"
#include "pipelines/personal.h"
#include "pipelines/site_clusters.h"
#include "pipelines/site_groups.h"
#include "pipelines/tensor_patterns.h"
#include "pipelines/train_model.h"

namespace consilium::pipelines {
namespace {

ModelState clustered_start(const TrainingSettings& s, const ModelState& model) {
  std::vector<ModelState> models(static_cast<std::size_t>(s.clusters.count), model);
  TrainingSettings other = s;
  for (std::size_t k = 1; k < models.size() && s.clusters.shared_rounds == 0; ++k) {
    ++other.seed;
    models[k] = initial_model(other).state();
  }
  return join_clusters(models, fitting_tensors(s.clusters.tensors, model, "training.clusters.tensors"));
}

}  // namespace

bool has_site_models(const TrainingSettings& s, const fl::ProtectionSettings& protection) {
  return (protection.groups && protection.groups->below == fl::TooFewOwners::kPersonal) || !s.personal.empty() || s.local.ditto_lambda > 0 || is_clustered(s.clusters);
}

ModelState model_at_site(const TrainingSettings& s, const std::filesystem::path& folder, ModelState global, std::int64_t trainings) {
  if (is_clustered(s.clusters)) return cluster_of(global, cluster_at_site(s, folder, trainings));
  global = without_control_variates(std::move(global));
  if (s.local.ditto_lambda == 0) return with_owned_groups(PersonalTensors(s.personal, folder).put_into(std::move(global), trainings), folder, trainings);
  auto own = ditto_memory(folder).before(trainings);
  if (!own) return global;
  require_same_layout(global, *own);
  return std::move(*own);
}

std::int64_t cluster_at_site(const TrainingSettings& s, const std::filesystem::path& folder, std::int64_t trainings) {
  return SiteClusters(s.clusters, s.seed, "", folder).chosen(trainings).value_or(0);
}

ModelState federation_start(const TrainingSettings& s, const ModelState& model) {
  if (is_clustered(s.clusters)) return clustered_start(s, model);
  return s.local.control_variates == ControlVariates::kOff ? model : with_control_variates(model);
}

RoundMemory ditto_memory(const std::filesystem::path& folder) { return {folder, "ditto"}; }

}  // namespace consilium::pipelines
