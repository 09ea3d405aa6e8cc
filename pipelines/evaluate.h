#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/settings.h"
#include "imaging/label_scheme.h"

namespace consilium::pipelines {

struct RegionScore {
  std::string region;  ///< "WT", "TC", "ET" or "lesion"
  double dice = 0;     ///< both empty: 1, one empty: 0 (BraTS 2023)
  double hd95_mm = 0;  ///< both empty: 0, one empty: the image's diagonal
  double reference_ml = 0;
  double predicted_ml = 0;
};

/// Only one of prediction and reference has the region: Dice is 0 and the distance a penalty.
inline bool is_missed(const RegionScore& score) { return (score.reference_ml > 0) != (score.predicted_ml > 0); }

struct CaseScore {
  std::string name;
  std::vector<RegionScore> regions;
};

struct EvaluationFailure {
  std::string name;
  std::string reason;
};

struct EvaluationReport {
  std::string scheme;
  std::vector<CaseScore> cases;
  std::vector<EvaluationFailure> failures;  ///< a file without its partner, another grid, an unknown label
};

/// @throws Error{kMismatch} the two maps lie on different grids.
std::vector<RegionScore> evaluate_case(const LabelMap& predicted_internal, const LabelMap& reference_internal,
                                       const imaging::LabelScheme& scheme);

/// Compares files of the same name (`.nii` or `.nii.gz`) in two folders; both hold label maps in `scheme`.
/// @throws Error{kNotFound} a folder is missing or unreadable, or the reference folder holds no NIfTI file; Error{kMismatch} two
/// files of one folder have one name (`a.nii` and `a.nii.gz`).
EvaluationReport evaluate_folders(const std::filesystem::path& reference, const std::filesystem::path& prediction,
                                  const imaging::LabelScheme& scheme);

Json to_json(const EvaluationReport& report);
std::string to_csv(const EvaluationReport& report);
std::string to_text(const EvaluationReport& report);  ///< table for people, with the mean of every region

}  // namespace consilium::pipelines
