#include "pipelines/start_model.h"

#include "base/error.h"
#include "models/state/safetensors.h"
#include "pipelines/segment.h"
#include "pipelines/train_model.h"

namespace consilium::pipelines {

void begin_with(const std::filesystem::path& file, TrainingSettings& settings) {
  const std::string found = digest(read_safetensors(file).state);
  require(settings.start_digest.empty() || settings.start_digest == found, ErrorCode::kMismatch, file.string() + ": training.start_digest names other weights than these, whose digest is " + found);
  settings.start_digest = found;
}

models::Segmenter starting_model(const TrainingSettings& settings, const std::filesystem::path& start) {
  models::Segmenter drawn = initial_model(settings);
  if (settings.start_digest.empty()) return drawn;
  require(!start.empty(), ErrorCode::kUsage, "training.start_digest: names weights to begin with; say with --start which file holds them");
  const ModelState state = read_safetensors(start).state;
  require(digest(state) == settings.start_digest, ErrorCode::kMismatch, start.string() + ": is not the model that the training begins with (training.start_digest)");
  try {
    return to_segmenter(settings, state);
  } catch (const Error& error) {
    throw Error(error.code(), start.string() + ": does not fit the network of training.model: " + error.what());
  }
}

}  // namespace consilium::pipelines
