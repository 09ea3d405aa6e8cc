#include "pipelines/evaluate.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "base/error.h"
#include "base/progress.h"
#include "imaging/metrics/overlap.h"
#include "imaging/metrics/surface_distance.h"
#include "imaging/nifti/nifti.h"

namespace consilium::pipelines {
namespace {

namespace fs = std::filesystem;

/// Case name -> file, for every NIfTI file of the folder.
std::map<std::string, fs::path> nifti_files(const fs::path& folder) {
  require(fs::is_directory(folder), ErrorCode::kNotFound, folder.string() + ": no such folder");
  std::map<std::string, fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::string name = entry.path().filename().string();
    if (name.ends_with(".gz")) name.resize(name.size() - 3);
    if (!name.ends_with(".nii")) continue;
    name.resize(name.size() - 4);
    files[name] = entry.path();
  }
  return files;
}

struct Mean {
  double dice = 0, hd95_mm = 0;
};

std::vector<std::pair<std::string, Mean>> means(const EvaluationReport& report) {
  std::vector<std::pair<std::string, Mean>> result;
  if (report.cases.empty()) return result;
  const auto count = static_cast<double>(report.cases.size());
  for (std::size_t r = 0; r < report.cases[0].regions.size(); ++r) {
    Mean mean;
    for (const CaseScore& score : report.cases) mean.dice += score.regions[r].dice / count, mean.hd95_mm += score.regions[r].hd95_mm / count;
    result.emplace_back(report.cases[0].regions[r].region, mean);
  }
  return result;
}

}  // namespace

std::vector<RegionScore> evaluate_case(const LabelMap& predicted, const LabelMap& reference, const imaging::LabelScheme& scheme) {
  require(same_grid(predicted.geometry, reference.geometry, 1e-2), ErrorCode::kMismatch, "prediction and reference lie on different grids");
  std::vector<RegionScore> scores;
  for (const imaging::Region region : scheme.regions) {
    const auto p = imaging::region_mask(predicted, region), r = imaging::region_mask(reference, region);
    scores.push_back({std::string(imaging::to_string(region)), *imaging::dice(p, r), imaging::hd95_mm(p, r, reference.geometry), imaging::volume_ml(r, reference.geometry),
                      imaging::volume_ml(p, reference.geometry)});
  }
  return scores;
}

EvaluationReport evaluate_folders(const fs::path& reference, const fs::path& prediction, const imaging::LabelScheme& scheme) {
  const auto references = nifti_files(reference), predictions = nifti_files(prediction);
  require(!references.empty(), ErrorCode::kNotFound, reference.string() + ": holds no .nii or .nii.gz file");
  EvaluationReport report{scheme.name, {}, {}};
  Progress progress("evaluating", references.size());
  for (const auto& [name, file] : references) {
    const auto partner = predictions.find(name);
    if (partner == predictions.end()) {
      report.failures.push_back({name, "no prediction of that name"});
    } else {
      try {
        const LabelMap r = imaging::to_internal(imaging::read_nifti_labels(file), scheme);
        const LabelMap p = imaging::to_internal(imaging::read_nifti_labels(partner->second), scheme);
        report.cases.push_back({name, evaluate_case(p, r, scheme)});
      } catch (const Error& error) {  // one damaged case must not cost the others their figures
        report.failures.push_back({name, error.what()});
      }
    }
    progress.advance();
  }
  for (const auto& [name, file] : predictions)
    if (!references.contains(name)) report.failures.push_back({name, "no reference of that name"});
  progress.finish();
  return report;
}

Json to_json(const EvaluationReport& report) {
  Json json{{"schema", "consilium.evaluation/1"}, {"scheme", report.scheme}, {"cases", Json::array()}, {"failures", Json::array()}, {"mean", Json::object()}};
  for (const CaseScore& score : report.cases) {
    Json regions = Json::array();
    for (const RegionScore& r : score.regions)
      regions.push_back({{"region", r.region}, {"dice", r.dice}, {"hd95_mm", r.hd95_mm}, {"reference_ml", r.reference_ml}, {"predicted_ml", r.predicted_ml}});
    json["cases"].push_back({{"case", score.name}, {"regions", regions}});
  }
  for (const auto& failure : report.failures) json["failures"].push_back({{"case", failure.name}, {"reason", failure.reason}});
  for (const auto& [region, mean] : means(report)) json["mean"][region] = {{"dice", mean.dice}, {"hd95_mm", mean.hd95_mm}};
  return json;
}

std::string to_csv(const EvaluationReport& report) {
  std::string csv = "case,region,dice,hd95_mm,reference_ml,predicted_ml\n";
  for (const CaseScore& score : report.cases)
    for (const RegionScore& r : score.regions) csv += fmt::format("\"{}\",{},{:.6f},{:.4f},{:.4f},{:.4f}\n", score.name, r.region, r.dice, r.hd95_mm, r.reference_ml, r.predicted_ml);
  return csv;
}

std::string to_text(const EvaluationReport& report) {
  std::size_t width = 4;
  for (const CaseScore& score : report.cases) width = std::max(width, score.name.size());
  std::string text = fmt::format("{:<{}}  {:<6}  {:>6}  {:>8}  {:>9}  {:>9}\n", "case", width, "region", "Dice", "HD95 mm", "ref. ml", "pred. ml");
  for (const CaseScore& score : report.cases)
    for (const RegionScore& r : score.regions) text += fmt::format("{:<{}}  {:<6}  {:>6.3f}  {:>8.2f}  {:>9.2f}  {:>9.2f}\n", score.name, width, r.region, r.dice, r.hd95_mm, r.reference_ml, r.predicted_ml);
  for (const auto& [region, mean] : means(report)) text += fmt::format("{:<{}}  {:<6}  {:>6.3f}  {:>8.2f}\n", "mean", width, region, mean.dice, mean.hd95_mm);
  for (const auto& failure : report.failures) text += fmt::format("not evaluated: {}: {}\n", failure.name, failure.reason);
  return text;
}

}  // namespace consilium::pipelines
