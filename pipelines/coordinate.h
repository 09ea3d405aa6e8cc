#pragma once

#include <atomic>
#include <filesystem>
#include <string>

#include "base/settings.h"
#include "fl/coordinator.h"
#include "pipelines/federation_task.h"

namespace consilium::pipelines {

/// The coordinator's side of a federation. No LibTorch: weights are plain arrays here.
struct CoordinateSettings {
  std::string listen = "0.0.0.0:7443";  ///< host:port; port 0 takes a free one, written to FOLDER/address
  std::string name = "coordinator";     ///< as in the certificate
  std::string keys;                     ///< folder with ca.crt, NAME.crt and NAME.key
  std::string enrolment;                ///< host:port of the enrolment service; empty: none
  FederationTask task = FederationTask::kTrain;
  std::string initial_model;            ///< safetensors that `consilium train --initial` wrote, or the settings (.json) to have it written from; it says how sites train. To evaluate or predict: any model. Statistics have none
  bool all_cases = false;               ///< to evaluate or predict on, also those outside of folders named "test"
  StatisticsTask statistics{};
  std::string folder;                   ///< history, checkpoints and, at the end, model.safetensors
  double linger_seconds = 60;           ///< for sites that have not fetched the best model, since one of them was connected
  std::string metrics_listen;           ///< host:port of Prometheus' metrics over plain HTTP; empty: none
  fl::FederationSettings federation;    ///< `rounds` and `task` come from the task and the initial model
};

/// Relative paths are taken from `base`. @throws Error{kUsage} naming the key, and the nearest known one.
CoordinateSettings parse_coordinate_settings(const Json& json, const std::string& origin, const std::filesystem::path& base);
Json to_json(const CoordinateSettings& settings);

/// Runs the federation to its end and writes FOLDER/model.safetensors, evaluation.json or statistics.json, once the last report is in; FOLDER/progress.json says after each round how far it is.
/// @throws as run_coordinator; Error{kUnsupported} the initial model does not say how to train.
fl::RunState coordinate(const CoordinateSettings& settings, const std::atomic<bool>* stop = nullptr);

}  // namespace consilium::pipelines
