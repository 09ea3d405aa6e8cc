#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fl/trainer.h"
#include "models/fit.h"
#include "pipelines/dataset.h"
#include "pipelines/site_clusters.h"
#include "pipelines/site_privacy.h"

namespace consilium::pipelines {

/// Where a site keeps what its trainer remembers, below its own folder.
inline std::filesystem::path trainer_folder(const std::filesystem::path& site_folder) { return site_folder / "optimiser"; }

/// A site's part in a federation: U-Net training on its own cases.
///
/// The task of a plan is a TrainingSettings as JSON. The optimiser's memory, personal tensors (pipelines/personal.h), control variates, drift, the site's own model and its choice of a
/// cluster stay at the site, one file per round in `folder`, so that a round that is repeated after a kill gives the same bytes. Uses one thread, and `device`.
class SiteTrainer : public fl::Trainer {
 public:
  /// `cases` must outlive the trainer. `on_step` is called after each step, with a loss of NaN where it may not leave the site. `ledger`: by default in `folder`, without a budget.
  SiteTrainer(std::string site, SiteSplit split, std::filesystem::path folder, std::function<void(std::int64_t steps, double loss)> on_step = {}, c10::Device device = c10::Device(c10::kCPU), std::optional<SiteLedger> ledger = {});

  fl::Validation validate(const fl::RoundPlan& plan, const ModelState& global) override;
  fl::Update train(const fl::RoundPlan& plan, const ModelState& global) override;
  fl::Update last_look(const fl::RoundPlan& plan, const ModelState& global) override;

 private:
  /// A stretch of local steps with an optimiser's memory of its own.
  struct Part {
    std::int64_t round;
    models::StepRange steps;
    std::string memory;            ///< stem of its files
    models::LocalTerms terms{};
    std::string draw = "training";  ///< which patches
    bool counts = true;            ///< as progress
    const models::Segmenter* teacher = nullptr;  ///< for what the labels leave open
    bool goes_on = true;           ///< the optimiser's memory of the round before fits
    bool leaves = true;            ///< what it makes leaves the site: under differential privacy, with noise
  };
  TrainingSettings settings_of(const fl::RoundPlan& plan) const;
  /// What the site starts from in a round: its cluster's model, or the received one without control variates.
  ModelState start_of(const fl::RoundPlan& plan, const TrainingSettings& settings, const ModelState& received) const;
  /// Where there are clusters, of which one the model is.
  void note_cluster(fl::Update& update, const fl::RoundPlan& plan, const TrainingSettings& settings) const;
  SiteClusters clusters_of(const TrainingSettings& settings) const { return {settings.clusters, settings.seed, site_, folder_}; }
  models::FitReport fit(models::Segmenter& segmenter, const TrainingSettings& settings, const Part& part);
  /// The steps that make the update; FedRep's in two parts, whose report is that of the shared tensors' part but for the loss.
  models::FitReport fit_shared(models::Segmenter& segmenter, const TrainingSettings& settings, std::int64_t round, models::LocalTerms terms, const models::Segmenter* teacher);
  void train_own_model(const TrainingSettings& settings, std::int64_t round, const ModelState& global);

  std::string site_;
  SiteSplit split_;
  std::vector<models::TrainingCase> samples_;
  std::filesystem::path folder_;
  std::function<void(std::int64_t, double)> on_step_;
  SitePrivacy privacy_;
  c10::Device device_;
  double seconds_ = 0;  ///< of the last validation; with the training's they are the metric "seconds" of an update
};

}  // namespace consilium::pipelines
