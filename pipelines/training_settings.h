#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/settings.h"
#include "models/fit.h"
#include "models/predict.h"
#include "pipelines/cluster_settings.h"
#include "pipelines/local_training.h"
#include "pipelines/normalise.h"
#include "pipelines/training_privacy.h"

namespace consilium::pipelines {

/// What is segmented.
enum class Target {
  kBratsRegions,  ///< necrotic core, oedema, enhancing tumour; judged as WT, TC, ET
  kWholeTumour,   ///< any tumour label against background; judged as WT
  kLesion,        ///< the same of a binary scheme; judged as "lesion"
};

/// One training, wherever it runs. A coordinator hands the same to every site.
struct TrainingSettings {
  Target target = Target::kBratsRegions;
  NormaliseOptions normalise;
  models::UNetOptions model;
  models::FitOptions fit;
  std::int64_t steps = 1000;       ///< sequential optimisation steps
  std::int64_t rounds = 10;        ///< the model is validated (in a federation: averaged) this many times, at equal distances
  int validation_cases = 1;        ///< per site, taken from its training cases by the seed; they choose the best model
  double overlap = 0.5;            ///< of prediction windows
  std::string start_digest;        ///< of the weights that the training begins with, see pipelines/start_model.h; empty: they are drawn from the seed
  std::vector<std::string> trainable;  ///< patterns of the names of those tensors that are trained, see pipelines/trainable.h; empty: all
  std::vector<std::string> personal;  ///< patterns of tensor names that a federation's sites keep to themselves, see pipelines/personal.h
  ClusterSettings clusters;        ///< how many models a federation has, and what they share
  double proximal_mu = 0;          ///< FedProx: pull of a federation's sites towards the global model; 0: FedAvg's local training
  LocalTraining local;             ///< what else a federation's sites do
  TrainingPrivacy privacy;         ///< differential privacy of a federation's sites for their patients; single and pooled training of a simulation ignore it
  std::uint64_t seed = 1;
  c10::Device device{c10::kCPU};   ///< where this process trains and predicts: --device. The machine's own affair, and no part of the JSON
};

/// JSON keys are the field names. The network's inputs and outputs follow from channels and target.
/// @throws Error{kUsage}
void read_training_settings(SettingsReader& reader, TrainingSettings& settings);
Json to_json(const TrainingSettings& settings);
TrainingSettings parse_training_settings(const Json& json, const std::string& origin);

/// "WT", "TC", "ET"; "WT"; or "lesion".
std::vector<std::string> region_names(Target target);

models::WindowOptions window_options(const TrainingSettings& settings);

/// Steps of a round: [first, first + count). Earlier rounds take one step more when `steps` does not divide.
models::StepRange steps_of_round(const TrainingSettings& settings, std::int64_t round);

/// The same at a federation's site with `cases` training cases: in proportion to them where local.epochs says so, and then as many in each round.
models::StepRange steps_of_round(const TrainingSettings& settings, std::int64_t round, std::size_t cases);

}  // namespace consilium::pipelines
