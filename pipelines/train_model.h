#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "pipelines/dataset.h"
#include "pipelines/run_results.h"

namespace consilium::pipelines {

struct TrainedModel {
  ModelState best;
  ModelSummary summary;
  std::map<std::string, ModelState> at_site;  ///< what a site uses in its place, where tensors are personal
  std::map<std::string, ModelState> members{};  ///< of an ensemble: network -> weights; `best` is empty then
};

/// Cases of one site as a training sees them.
struct SiteCases {
  std::string site;
  std::vector<const PreparedCase*> train, validation;
};

/// The network with weights drawn from the settings' seed, on their device. What a training starts from: starting_model.
models::Segmenter initial_model(const TrainingSettings& settings);

/// Does `folder` hold a finished training of so many rounds? Whether of the same settings and cases, train_model says.
bool is_trained(const std::filesystem::path& folder, std::int64_t rounds);

/// Trains one model in this process, with one thread, on the cases of one or several sites.
///
/// After each round the model is validated; the best one is the result. Its state is kept in `folder` after each round (weights, optimiser,
/// curve), so that a run that was stopped goes on byte for byte. A folder with a finished training of the same settings and cases returns at once.
/// `on_step` is called after every step, also (with the count) for those found done; an Error of it ends the training, which can go on later.
/// `start`: as starting_model.
/// @throws Error{kMismatch} `folder` holds a training of other settings or cases; Error{kCorruptData} what it holds is damaged; as models::fit.
TrainedModel train_model(const std::string& name, const std::vector<SiteCases>& sites, const TrainingSettings& settings, const std::filesystem::path& folder,
                         const std::function<void(std::int64_t steps, double loss)>& on_step = {}, const std::filesystem::path& start = {});

}  // namespace consilium::pipelines
