#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "imaging/label_scheme.h"
#include "models/training_case.h"
#include "pipelines/annotation.h"
#include "pipelines/case.h"
#include "pipelines/ingest.h"
#include "pipelines/training_settings.h"

namespace consilium::pipelines {

/// A case ready for a network, and what is needed to judge its prediction on the scanner's own grid.
struct PreparedCase {
  std::string name;
  std::string split;                  ///< as CasePaths
  Geometry grid, native;
  std::map<std::string, std::string> evidence;   ///< as Case
  std::map<std::string, Alignment> alignments;
  std::string reference_series;       ///< Series Instance UID of the image that gives the grid; empty when it is no DICOM
  std::vector<bool> has;              ///< per channel, whether the case has it; with missing = zero `sample` does not tell
  models::TrainingCase sample;        ///< labels are the target's classes; empty when the case has no reference
  std::optional<LabelMap> reference;  ///< on `native`, the target's classes
  std::vector<std::string> annotated;  ///< regions that the site's labels show: in these it validates
  std::vector<std::string> judged;     ///< regions in which `reference` judges a test case
};

/// The regions in which the target's classes are judged.
const imaging::LabelScheme& scheme_of(Target target);

struct PrepareOptions {
  bool with_labels = true;  ///< a prediction is on the reference image's grid, whatever labels lie beside it
};
PreparedCase prepare(const CasePaths& paths, const TrainingSettings& settings, const SiteLabels& labels, const PrepareOptions& options = {});

/// All cases of a site, read on thread_limit() threads. `on_case` is called after each, one at a time.
/// @throws as find_cases and load_case.
std::vector<PreparedCase> prepare_site(const std::filesystem::path& folder, const TrainingSettings& settings, const SiteLabels& labels, const FilePatterns& files = {}, const std::function<void(const std::string& name)>& on_case = {});

/// Which of a site's cases train, choose the model, and judge it.
struct SiteSplit {
  std::vector<const PreparedCase*> train, validation, test;
};
/// Cases in a "test" folder judge; `validation_cases` of the others are drawn by the seed and the site's name, the rest trains.
/// @throws Error{kUsage} no case is left to train on, or a training case without labels.
SiteSplit split_by_folders(const std::vector<PreparedCase>& cases, const std::string& site, const TrainingSettings& settings);

/// Fold `fold` of `folds`: every case is in the test set of exactly one fold. A site with fewer cases than folds has no test case in some.
/// @throws Error{kUsage} not 0 <= fold < folds.
SiteSplit split_by_folds(const std::vector<PreparedCase>& cases, const std::string& site, const TrainingSettings& settings, int fold, int folds);

std::vector<models::TrainingCase> samples_of(const std::vector<const PreparedCase*>& cases);

}  // namespace consilium::pipelines
