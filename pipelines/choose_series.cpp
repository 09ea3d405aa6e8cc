#include "pipelines/choose_series.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "base/error.h"
#include "imaging/dicom/classify.h"

namespace consilium::pipelines {
namespace {

using imaging::Series;
using imaging::Study;

struct Candidate {
  const Series* series;
  imaging::SeriesClass what;
};

bool has_word(const std::vector<std::string>& words, const char* word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_usable(const Series& series) {
  return series.problem.empty() && series.volume == 0 && !has_word(series.header().image_type, "LOCALIZER");
}

bool fits(const Candidate& candidate, const std::string& channel) {
  return candidate.what.channel == channel || (channel == "MR" && candidate.series->header().modality == "MR");
}

/// Smaller is better.
auto rank(const Candidate& candidate, const std::string& channel) {
  const Series& series = *candidate.series;
  const auto& spacing = series.geometry.spacing_mm;
  const int preference = channel == "MR" && candidate.what.channel != "T1" ? (candidate.what.channel.empty() ? 2 : 1) : 0;
  return std::make_tuple(preference, has_word(series.header().image_type, "DERIVED"), -static_cast<long>(series.slices.size()),
                         spacing[0] * spacing[1] * spacing[2], series.header().series_number, series.header().series_uid);
}

const Candidate* best(const std::vector<Candidate>& candidates, const std::string& channel, const std::string& study_uid) {
  const Candidate* found = nullptr;
  for (const Candidate& candidate : candidates) {
    if (!is_usable(*candidate.series) || !fits(candidate, channel)) continue;
    if (!study_uid.empty() && candidate.series->header().study_uid != study_uid) continue;
    if (found == nullptr || rank(candidate, channel) < rank(*found, channel)) found = &candidate;
  }
  return found;
}

/// The one examination with every channel; empty when none has, so that channels come from several (a PET/CT and an MR).
std::string examination(const std::vector<Candidate>& candidates, const std::vector<std::string>& channels,
                        const std::string& case_name) {
  std::set<std::string> studies, complete;
  for (const Candidate& candidate : candidates) studies.insert(candidate.series->header().study_uid);
  for (const std::string& uid : studies)
    if (!uid.empty() &&
        std::all_of(channels.begin(), channels.end(), [&](const auto& c) { return best(candidates, c, uid) != nullptr; }))
      complete.insert(uid);
  require(complete.size() < 2, ErrorCode::kMismatch,
          fmt::format("case {}: {} examinations each have {}; give each a folder of its own", case_name, complete.size(),
                      fmt::join(channels, ", ")));
  return complete.empty() ? "" : *complete.begin();
}

void require_one_patient(const Study& study, const std::string& case_name) {
  std::set<std::uint64_t> patients;
  for (const Series& series : study.series)
    for (const auto& slice : series.slices)
      if (slice.patient_key != 0) patients.insert(slice.patient_key);
  require(patients.size() < 2, ErrorCode::kMismatch,
          fmt::format("case {}: holds images of {} patients (Patient ID (0010,0020) differs); give each a folder of its own",
                      case_name, patients.size()));
}

std::string name_of(const Series& series) {
  return fmt::format("series {} \"{}\"", series.header().series_number, series.header().series_description);
}

}  // namespace

std::string describe(const Study& study) {
  std::vector<std::string> clauses;
  for (const Series& series : study.series) {
    const imaging::SeriesClass what = imaging::classify(series);
    clauses.push_back(fmt::format("{}: {}, {} slices ({}){}", name_of(series),
                                  what.channel.empty() ? "none of the known channels" : what.channel, series.slices.size(),
                                  fmt::join(what.evidence, ", "), series.problem.empty() ? "" : "; " + series.problem));
  }
  std::map<std::string, std::size_t> reasons;
  for (const auto& rejected : study.rejected) ++reasons[rejected.reason];
  for (const auto& [reason, count] : reasons)
    clauses.push_back(fmt::format("{} file{}: {}", count, count == 1 ? "" : "s", reason));
  return clauses.empty() ? "no DICOM images" : fmt::format("{}", fmt::join(clauses, "; "));
}

std::map<std::string, ChosenSeries> choose_series(const Study& study, const std::vector<std::string>& channels,
                                                  const std::string& case_name, const ChoiceOptions& options) {
  require_one_patient(study, case_name);
  std::vector<Candidate> candidates;
  for (const Series& series : study.series) candidates.push_back({&series, imaging::classify(series)});
  std::vector<std::string> there;
  for (const std::string& channel : channels) {
    if (best(candidates, channel, "") != nullptr) there.push_back(channel);
    else require(options.may_lack, ErrorCode::kNotFound, fmt::format("case {}: no {} series; found: {}", case_name, channel, describe(study)));
  }
  const std::string uid = there.empty() ? "" : examination(candidates, there, case_name);
  std::map<std::string, ChosenSeries> chosen;
  for (const std::string& channel : there) {
    const Candidate* found = best(candidates, channel, uid);
    chosen[channel] = {*found->series, fmt::format("{}: {}", name_of(*found->series), fmt::join(found->what.evidence, "; "))};
  }
  return chosen;
}

}  // namespace consilium::pipelines
