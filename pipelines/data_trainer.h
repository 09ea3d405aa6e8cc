#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "fl/trainer.h"
#include "pipelines/join_federation.h"

namespace consilium::pipelines {

/// What a site does with its cases, as the task of the first plan says: train, evaluate, predict or count. The cases are read when that plan comes.
/// @throws (its calls) Error{kMismatch} the site's folder holds another federation; as prepare_site; Error{kInterrupted}
std::unique_ptr<fl::Trainer> data_trainer(const JoinSettings& settings, std::function<void(const std::string&)> on_event, const std::atomic<bool>* stop);

/// What the task says of the weights that come out of it, for a model file's metadata.
std::map<std::string, std::string> metadata_of_task(const std::string& task);

/// What the site makes of the federation's best model, which came out of `trainings` rounds.
ModelState finished_at_site(const JoinSettings& settings, const std::string& task, ModelState best, std::int64_t trainings);

}  // namespace consilium::pipelines
