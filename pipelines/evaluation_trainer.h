#pragma once

#include <atomic>
#include <filesystem>
#include <vector>

#include "fl/trainer.h"
#include "pipelines/dataset.h"

namespace consilium::pipelines {

/// A site's part in a federation that trains nothing: the given model segments its cases, which stay here as FOLDER/predictions/CASE.nii.gz (numbers as in a
/// reference of the target's own classes), each with CASE.json beside it (pipelines/predict_case.h).
///
/// With `judge` the site also scores those that have labels: each case in FOLDER/evaluation.json, and the means, by region, are what it sends: metrics "dice/WT",
/// "hd95_mm/WT", "missed/WT", "cases/WT". Without, it sends the number of cases.
class EvaluationTrainer : public fl::Trainer {
 public:
  /// `cases` must outlive it.
  EvaluationTrainer(std::vector<const PreparedCase*> cases, TrainingSettings settings, std::filesystem::path folder, bool judge, const std::atomic<bool>* stop = nullptr)
      : cases_(std::move(cases)), settings_(std::move(settings)), folder_(std::move(folder)), judge_(judge), stop_(stop) {}

  fl::Validation validate(const fl::RoundPlan& plan, const ModelState& global) override { return last_look(plan, global).validation; }
  /// @throws Error{kUnsupported}: there is nothing to train.
  fl::Update train(const fl::RoundPlan& plan, const ModelState& global) override;
  fl::Update last_look(const fl::RoundPlan& plan, const ModelState& global) override;

 private:
  std::vector<const PreparedCase*> cases_;
  TrainingSettings settings_;
  std::filesystem::path folder_;
  bool judge_;
  const std::atomic<bool>* stop_;
};

}  // namespace consilium::pipelines
