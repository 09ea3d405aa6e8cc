#pragma once

#include "base/settings.h"
#include "pipelines/statistics_task.h"

namespace consilium::pipelines {

/// What a coordinator asks its sites for, once they are connected.
enum class FederationTask {
  kTrain,       ///< rounds of training
  kEvaluate,    ///< the given model segments and is judged at every site; nothing is trained
  kPredict,     ///< the given model segments every site's cases; predictions stay there
  kStatistics,  ///< counts of intensities and volumes; no model
};
const std::vector<std::pair<std::string, FederationTask>>& federation_task_words();

/// Which cases of a site a model is used on.
struct ModelUse {
  Json training;       ///< the model's own training settings: how its input is prepared
  bool all_cases = false;  ///< else those in folders named "test"
};

/// The task that a plan carries: a training is its settings alone, the others have a "kind". @throws Error{kUsage} an unknown kind.
FederationTask task_kind(const Json& task);
Json to_task(FederationTask kind, const ModelUse& use);
/// Of a task of kind evaluate or predict. @throws Error{kUsage}
ModelUse parse_model_use(const Json& task);

}  // namespace consilium::pipelines
