#include "pipelines/federation_task.h"

#include <algorithm>

#include "base/error.h"

namespace consilium::pipelines {

const std::vector<std::pair<std::string, FederationTask>>& federation_task_words() {
  static const std::vector<std::pair<std::string, FederationTask>> kWords{
      {"train", FederationTask::kTrain}, {"evaluate", FederationTask::kEvaluate}, {"predict", FederationTask::kPredict}, {"statistics", FederationTask::kStatistics}};
  return kWords;
}

FederationTask task_kind(const Json& task) {
  const auto kind = task.is_object() ? task.find("kind") : task.end();
  if (!task.is_object() || kind == task.end()) return FederationTask::kTrain;
  for (const auto& [word, value] : federation_task_words())
    if (*kind == word) return value;
  throw Error(ErrorCode::kUsage, "the coordinator asks for \"" + (kind->is_string() ? kind->get<std::string>().substr(0, 40) : kind->type_name()) + "\", which this version does not know");
}

Json to_task(FederationTask kind, const ModelUse& use) {
  const auto& words = federation_task_words();
  const auto word = std::find_if(words.begin(), words.end(), [&](const auto& entry) { return entry.second == kind; });
  return {{"kind", word->first}, {"training", use.training}, {"all_cases", use.all_cases}};
}

ModelUse parse_model_use(const Json& task) {
  ModelUse use;
  std::string kind;
  SettingsReader reader(task, "task");
  reader.required("kind", kind);
  reader.raw("training", use.training);
  reader.field("all_cases", use.all_cases);
  reader.finish();
  return use;
}

}  // namespace consilium::pipelines
