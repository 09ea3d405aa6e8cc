#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "fl/site_progress.h"
#include "fl/trainer.h"
#include "pipelines/join_federation.h"

namespace consilium::pipelines {

/// What a site does with its cases, as the task of the first plan says: train, evaluate, predict or count. The cases are read when that plan comes. States and steps go to
/// `progress`, which must outlive it.
/// @throws as models::find_device; (its calls) Error{kMismatch} the site's folder holds another federation; as prepare_site; Error{kInterrupted}
std::unique_ptr<fl::Trainer> data_trainer(const JoinSettings& settings, fl::SiteProgress& progress, std::function<void(const std::string&)> on_event, const std::atomic<bool>* stop);

/// What there is to say of the weights that came out of `trainings` rounds of the task at this site, for a model file's metadata.
std::map<std::string, std::string> metadata_at_site(const JoinSettings& settings, const std::string& task, std::int64_t trainings);

/// What the site makes of the federation's best model, which came out of `trainings` rounds.
ModelState finished_at_site(const JoinSettings& settings, const std::string& task, ModelState best, std::int64_t trainings);

}  // namespace consilium::pipelines
