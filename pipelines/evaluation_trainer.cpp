#include "pipelines/evaluation_trainer.h"

#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "base/stop.h"
#include "imaging/nifti/nifti.h"
#include "models/runtime.h"
#include "pipelines/evaluate.h"
#include "pipelines/predict_case.h"
#include "pipelines/segment.h"

namespace consilium::pipelines {
namespace {

/// Means by region as metrics; a distance that is no number is left out of its mean.
std::map<std::string, double> means_of(const std::vector<CaseScore>& cases) {
  struct Sum {
    double dice = 0, hd95_mm = 0, distances = 0, missed = 0, cases = 0;
  };
  std::map<std::string, Sum> sums;
  for (const CaseScore& c : cases)
    for (const RegionScore& score : c.regions) {
      Sum& sum = sums[score.region];
      sum.dice += score.dice;
      sum.missed += is_missed(score) ? 1 : 0;
      ++sum.cases;
      if (std::isfinite(score.hd95_mm)) sum.hd95_mm += score.hd95_mm, ++sum.distances;
    }
  std::map<std::string, double> metrics;
  for (const auto& [region, sum] : sums) {
    metrics["dice/" + region] = sum.dice / sum.cases;
    metrics["missed/" + region] = sum.missed;
    metrics["cases/" + region] = sum.cases;
    if (sum.distances > 0) metrics["hd95_mm/" + region] = sum.hd95_mm / sum.distances;
  }
  return metrics;
}

/// Mean over cases of the mean Dice over the regions shown.
fl::Validation validation_of(const std::vector<CaseScore>& cases, const TrainingSettings& settings) {
  double sum = 0;
  std::size_t regions = 0;
  for (const CaseScore& c : cases) {
    for (const RegionScore& score : c.regions) sum += score.dice / static_cast<double>(c.regions.size());
    regions = c.regions.size();
  }
  if (cases.empty()) return {};
  return {sum / static_cast<double>(cases.size()), static_cast<std::int64_t>(cases.size()), static_cast<double>(regions) / static_cast<double>(region_names(settings.target).size())};
}

}  // namespace

fl::Update EvaluationTrainer::train(const fl::RoundPlan&, const ModelState&) { throw Error(ErrorCode::kUnsupported, "a federation that evaluates has no round to train in"); }

fl::Update EvaluationTrainer::last_look(const fl::RoundPlan&, const ModelState& global) {
  models::configure_torch(1, settings_.device);
  const models::Segmenter segmenter = to_segmenter(settings_, global);
  const std::string model_digest = digest(global);
  EvaluationReport report;
  report.scheme = scheme_of(settings_.target).name;
  for (const PreparedCase* c : cases_) {
    throw_if_stopped(stop_);
    const CasePrediction prediction = predict_case(segmenter, *c, settings_);
    const fs::path labels = folder_ / "predictions" / (c->name + ".nii.gz");
    imaging::write_nifti(labels, prediction.classes);
    write_file(folder_ / "predictions" / (c->name + ".json"), to_json(prediction, *c, settings_, {model_digest, labels.filename().string(), report.scheme}).dump(1) + "\n");
    if (!judge_ || !c->reference || c->judged.empty()) continue;
    report.cases.push_back({c->name, score(prediction.classes, *c, settings_.target)});
  }
  fl::Update update;
  if (judge_) {
    update.metrics = means_of(report.cases);
    update.validation = validation_of(report.cases, settings_);
    write_file(folder_ / "evaluation.json", to_json(report).dump(1) + "\n");
  }
  update.metrics["segmented"] = static_cast<double>(cases_.size());
  return update;
}

}  // namespace consilium::pipelines
