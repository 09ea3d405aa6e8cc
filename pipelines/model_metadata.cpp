#include "pipelines/model_metadata.h"

#include "base/error.h"

namespace consilium::pipelines {

std::map<std::string, std::string> model_metadata(const Json& training) { return {{"format", "pt"}, {kTrainingKey, training.dump()}}; }

Json training_metadata(const ModelFile& file, const std::string& origin) {
  const auto found = file.metadata.find(kTrainingKey);
  require(found != file.metadata.end(), ErrorCode::kUnsupported, origin + ": does not say how its network was trained (metadata \"" + kTrainingKey + "\"); expected a model that consilium wrote");
  require(Json::accept(found->second), ErrorCode::kCorruptData, origin + ": its metadata \"" + kTrainingKey + "\" is not valid JSON");
  return parse_json(found->second, origin);
}

}  // namespace consilium::pipelines
