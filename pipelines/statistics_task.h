#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/settings.h"
#include "models/state/model_state.h"
#include "pipelines/bin_counts.h"

namespace consilium::pipelines {

/// What a federation counts instead of training: image intensities per channel, and how large the tumours are.
///
/// Two rounds over the same protocol as a training. The first counts magnitudes, from which every site and the coordinator derive the same range of
/// each channel; the second counts equal bins over it, the landmarks of each case, and tumour volumes. All are whole numbers in count_words.h.
struct StatisticsTask {
  std::vector<std::string> channels{"T1", "T1ce", "T2", "FLAIR"};
  std::int64_t bins = 256;  ///< of each channel's histogram

  bool operator==(const StatisticsTask&) const = default;
};
inline constexpr std::int64_t kStatisticsRounds = 2;

/// JSON keys are the field names. @throws Error{kUsage}
void read_statistics_task(SettingsReader& reader, StatisticsTask& task);
Json to_json(const StatisticsTask& task);
/// The same with "kind": "statistics", as a plan carries it. @throws Error{kUsage}
StatisticsTask parse_statistics_plan(const Json& json);
Json to_plan(const StatisticsTask& task);

/// Percentiles of each case whose means over cases are the group's landmarks. Source: Nyul and Udupa 1999 (doi:10.1002/(SICI)1522-2594(199912)42:6<1072::AID-MRM11>3.0.CO;2-M), 2000.
inline constexpr std::array<int, 11> kLandmarks{1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 99};
inline constexpr double kLandmarkSteps = 1 << 20;  ///< a landmark travels as this many parts of its channel's range

/// Tumour volumes are counted by powers of two in ml: below 2^-4, ..., from 2^9 on.
inline constexpr int kLowestVolumePower = -4, kHighestVolumePower = 9;
inline constexpr std::size_t kVolumeBins = kHighestVolumePower - kLowestVolumePower + 2;
std::size_t volume_bin(double volume_ml);
inline const std::vector<std::string> kStatisticsRegions{"WT", "TC", "ET"};

/// Groups of the state that is averaged: the first and the second round's.
inline constexpr const char *kRangeGroup = "range", *kValuesGroup = "values";
/// "values/cases": sites that count (minimum-count rule), cases, cases with labels.
inline constexpr std::size_t kCaseCounts = 3;

/// Zeros of the shape that the federation averages, sorted by name.
ModelState statistics_start(const StatisticsTask& task);
/// A tensor by its name. @throws Error{kCorruptData} it is missing.
const NamedTensor& tensor_of(const ModelState& state, const std::string& name);
/// A channel's range after the first round: the powers of two around all bins that anybody counted. Empty (low == high) when nobody did.
LinearBins range_of(const ModelState& state, const StatisticsTask& task, const std::string& channel);

}  // namespace consilium::pipelines
