#include "pipelines/evaluate.h"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <variant>

#include "base/error.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "imaging/metrics/overlap.h"
#include "imaging/metrics/surface_distance.h"
#include "imaging/nifti/nifti.h"

namespace consilium::pipelines {
namespace {

namespace fs = std::filesystem;

/// Case name -> file, for every NIfTI file of the folder.
std::map<std::string, fs::path> nifti_files(const fs::path& folder) {
  std::error_code error;
  require(fs::is_directory(folder, error), ErrorCode::kNotFound, folder.string() + ": no such folder");
  fs::directory_iterator entries(folder, error);
  require(!error, ErrorCode::kNotFound, folder.string() + ": cannot be read: " + error.message());
  std::map<std::string, fs::path> files;
  for (const auto& entry : entries) {
    std::string name = entry.path().filename().string();
    if (name.ends_with(".gz")) name.resize(name.size() - 3);
    if (!name.ends_with(".nii")) continue;
    name.resize(name.size() - 4);
    require(files.emplace(name, entry.path()).second, ErrorCode::kMismatch,
            folder.string() + ": two files are named " + name + ", one .nii and one .nii.gz");
  }
  return files;
}

struct Mean {
  std::string region;
  double dice = 0, hd95_mm = 0;
  std::size_t missed = 0;
};

std::vector<Mean> means(const EvaluationReport& report) {
  std::vector<Mean> result;
  if (report.cases.empty()) return result;
  const auto count = static_cast<double>(report.cases.size());
  for (std::size_t r = 0; r < report.cases[0].regions.size(); ++r) {
    Mean mean{report.cases[0].regions[r].region};
    for (const CaseScore& score : report.cases) {
      mean.dice += score.regions[r].dice / count;
      mean.hd95_mm += score.regions[r].hd95_mm / count;
      mean.missed += is_missed(score.regions[r]) ? 1 : 0;
    }
    result.push_back(mean);
  }
  return result;
}

/// What became of one reference: a score or a reason.
using Outcome = std::variant<CaseScore, EvaluationFailure>;

Outcome evaluate_file(const std::string& name, const fs::path& reference, const std::map<std::string, fs::path>& predictions,
                      const imaging::LabelScheme& scheme) {
  const auto partner = predictions.find(name);
  if (partner == predictions.end()) return EvaluationFailure{name, "no prediction of that name"};
  try {
    const LabelMap r = imaging::to_internal(imaging::read_nifti_labels(reference), scheme);
    const LabelMap p = imaging::to_internal(imaging::read_nifti_labels(partner->second), scheme);
    return CaseScore{name, evaluate_case(p, r, scheme)};
  } catch (const Error& error) {  // one damaged case must not cost the others their figures
    return EvaluationFailure{name, error.what()};
  }
}

/// RFC 4180: quoted, quotes doubled.
std::string csv_text(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

}  // namespace

std::vector<RegionScore> evaluate_case(const LabelMap& predicted, const LabelMap& reference, const imaging::LabelScheme& scheme) {
  require(same_grid(predicted.geometry, reference.geometry, 1e-2), ErrorCode::kMismatch,
          "prediction and reference lie on different grids");
  std::vector<RegionScore> scores;
  for (const imaging::Region region : scheme.regions) {
    const auto p = imaging::region_mask(predicted, region), r = imaging::region_mask(reference, region);
    scores.push_back({std::string(imaging::to_string(region)), *imaging::dice(p, r), imaging::hd95_mm(p, r, reference.geometry),
                      imaging::volume_ml(r, reference.geometry), imaging::volume_ml(p, reference.geometry)});
  }
  return scores;
}

EvaluationReport evaluate_folders(const fs::path& reference, const fs::path& prediction, const imaging::LabelScheme& scheme) {
  const auto references = nifti_files(reference), predictions = nifti_files(prediction);
  require(!references.empty(), ErrorCode::kNotFound, reference.string() + ": holds no .nii or .nii.gz file");
  const std::vector<std::pair<std::string, fs::path>> wanted(references.begin(), references.end());
  std::vector<Outcome> outcomes(wanted.size());
  Progress progress("evaluating", wanted.size());
  std::mutex guard;
  parallel_for(wanted.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t n = begin; n < end; ++n) {
      outcomes[n] = evaluate_file(wanted[n].first, wanted[n].second, predictions, scheme);
      const std::lock_guard lock(guard);
      progress.advance();
    }
  });
  progress.finish();
  EvaluationReport report{scheme.name, {}, {}};
  for (Outcome& outcome : outcomes) {
    if (auto* score = std::get_if<CaseScore>(&outcome)) report.cases.push_back(std::move(*score));
    if (auto* failure = std::get_if<EvaluationFailure>(&outcome)) report.failures.push_back(std::move(*failure));
  }
  for (const auto& [name, file] : predictions)
    if (!references.contains(name)) report.failures.push_back({name, "no reference of that name"});
  return report;
}

Json to_json(const EvaluationReport& report) {
  Json json{{"schema", "consilium.evaluation/1"},
            {"scheme", report.scheme},
            {"cases", Json::array()},
            {"failures", Json::array()},
            {"mean", Json::object()}};
  for (const CaseScore& score : report.cases) {
    Json regions = Json::array();
    for (const RegionScore& r : score.regions)
      regions.push_back({{"region", r.region},
                         {"dice", r.dice},
                         {"hd95_mm", r.hd95_mm},
                         {"reference_ml", r.reference_ml},
                         {"predicted_ml", r.predicted_ml}});
    json["cases"].push_back({{"case", score.name}, {"regions", regions}});
  }
  for (const auto& failure : report.failures) json["failures"].push_back({{"case", failure.name}, {"reason", failure.reason}});
  for (const Mean& mean : means(report))
    json["mean"][mean.region] = {
        {"dice", mean.dice}, {"hd95_mm", mean.hd95_mm}, {"cases", report.cases.size()}, {"missed", mean.missed}};
  return json;
}

std::string to_csv(const EvaluationReport& report) {
  std::string csv = "case,region,dice,hd95_mm,reference_ml,predicted_ml\n";
  for (const CaseScore& score : report.cases)
    for (const RegionScore& r : score.regions)
      csv += fmt::format("{},{},{:.6f},{:.4f},{:.4f},{:.4f}\n", csv_text(score.name), r.region, r.dice, r.hd95_mm, r.reference_ml,
                         r.predicted_ml);
  return csv;
}

std::string to_text(const EvaluationReport& report) {
  std::size_t width = 4, missed = 0;
  for (const CaseScore& score : report.cases) width = std::max(width, score.name.size());
  std::string text = fmt::format("{:<{}}  {:<6}  {:>6}  {:>8}  {:>9}  {:>9}\n", "case", width, "region", "Dice", "HD95 mm",
                                 "ref. ml", "pred. ml");
  for (const CaseScore& score : report.cases)
    for (const RegionScore& r : score.regions)
      text += fmt::format("{:<{}}  {:<6}  {:>6.3f}  {:>8.2f}  {:>9.2f}  {:>9.2f}{}\n", score.name, width, r.region, r.dice,
                          r.hd95_mm, r.reference_ml, r.predicted_ml, is_missed(r) ? "  missed" : "");
  for (const Mean& mean : means(report)) {
    text += fmt::format("{:<{}}  {:<6}  {:>6.3f}  {:>8.2f}", "mean", width, mean.region, mean.dice, mean.hd95_mm);
    text += fmt::format("  of {} case{}", report.cases.size(), report.cases.size() == 1 ? "" : "s");
    text += mean.missed > 0 ? fmt::format(", {} missed\n", mean.missed) : "\n";
    missed += mean.missed;
  }
  if (missed > 0) text += "missed: only one of prediction and reference has the region; Dice is 0, HD95 the image's diagonal\n";
  for (const auto& failure : report.failures) text += fmt::format("not evaluated: {}: {}\n", failure.name, failure.reason);
  return text;
}

}  // namespace consilium::pipelines
