#include "pipelines/convert_scans.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "base/files.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/require_free.h"
#include "imaging/image_file.h"
#include "imaging/ops/orient.h"
#include "imaging/ops/resample.h"
#include "pipelines/convert_job.h"
#include "pipelines/convert_structures.h"
#include "pipelines/inspect_scans.h"
#include "pipelines/nnunet_dataset.h"

namespace consilium::pipelines {
namespace {

using imaging::Series;

/// 0 -> "a", 25 -> "z", 26 -> "ba": for the second and later series of one name.
std::string letters(std::size_t number) {
  std::string text(1, static_cast<char>('a' + number % 26));
  return number < 26 ? text : letters(number / 26) + text;
}

class Names {
 public:
  Names(const fs::path& folder, const ConvertOptions& options) : folder_(folder), options_(options) {}

  /// The file for a name; another one when the name is taken and may be changed.
  fs::path take(const std::string& name, bool may_change) {
    const char* ending = options_.compression == 0 ? ".nii" : ".nii.gz";
    std::string free = name;
    for (std::size_t n = 0; !taken_.insert(free).second; ++n) {
      require(may_change, ErrorCode::kUsage,
              "two inputs would be written to " + name + ending + "; convert them into different folders");
      free = name + letters(n);
    }
    return folder_ / (free + ending);
  }

 private:
  fs::path folder_;
  const ConvertOptions& options_;
  std::set<std::string> taken_;
};

/// Nothing that exists is replaced unasked, and nothing is begun before that is known.
void check_free(const ConvertJob& job, const ConvertOptions& options) {
  std::vector<fs::path> files = files_beside(job);
  files.push_back(job.output);
  for (const fs::path& file : files) require_free(file, options.overwrite);
}

/// Patients as 01, 02, ... and the examinations of each as 1, 2, ..., in the order of the series.
class Labels {
 public:
  explicit Labels(std::string subject) : subject_(std::move(subject)) {}

  ScanLabels of(const imaging::DicomHeader& h) {
    const std::size_t patient = number(patients_, std::to_string(h.patient_key));
    const std::size_t study = number(studies_[patient], h.study_uid);
    return {subject_.empty() ? fmt::format("{:02}", patient) : subject_, std::to_string(study)};
  }

 private:
  static std::size_t number(std::vector<std::string>& known, const std::string& key) {
    const auto place = std::find(known.begin(), known.end(), key);
    if (place != known.end()) return static_cast<std::size_t>(place - known.begin()) + 1;
    known.push_back(key);
    return known.size();
  }

  std::string subject_;
  std::vector<std::string> patients_;
  std::map<std::size_t, std::vector<std::string>> studies_;
};

void plan_study(const fs::path& input, const imaging::Study& study, Names& names, Labels& labels, const ConvertOptions& options,
                std::vector<ConvertJob>& jobs, ConvertReport& report) {
  const bool joins = options.name.find("{volume}") == std::string::npos;
  report.rejected.insert(report.rejected.end(), study.rejected.begin(), study.rejected.end());
  for (std::size_t n = 0; n < study.series.size();) {
    const Series& series = study.series[n];
    std::vector<const Series*> volumes;
    for (std::size_t end = n + (joins ? imaging::volumes_from(study, n) : 1); n < end; ++n) volumes.push_back(&study.series[n]);
    const auto name = series_file_name(series, options.name, labels.of(series.header()));
    const std::string what = fmt::format("series {} ({})", series.header().series_number, name ? *name : series.header().series_description);
    if (const std::string problem = problem_of(series, options); !problem.empty()) {
      report.failed.push_back({input, ErrorCode::kUnsupported, what + ": " + problem});
    } else if (!name) {
      report.skipped.push_back({input, ErrorCode::kUnsupported, what + ": \"" + options.name + "\" has no name for it"});
    } else {
      jobs.push_back({input, std::move(volumes), names.take(*name, true)});
    }
  }
}

/// Structures that a preset has no name for are named as other series are.
std::string structure_name(const imaging::DicomHeader& header, const ConvertOptions& options, Labels& labels) {
  const Series alone{.slices = {header}, .geometry = {}, .acquisition = {}, .part = {}, .problem = {}};
  const ScanLabels whose = labels.of(header);
  if (const auto name = series_file_name(alone, options.name, whose)) return *name;
  return *series_file_name(alone, ConvertOptions{}.name, whose);
}

void describe_for_nnunet(const fs::path& output, ConvertReport& report) {
  try {
    report.dataset = write_nnunet_dataset(report.written, output);
  } catch (const Error& error) {  // the images are written all the same
    if (error.code() == ErrorCode::kCannotWrite) throw;
    report.failed.push_back({output / "dataset.json", error.code(), error.what()});
  }
}

void check(const ConvertOptions& options) {
  const Volume probe{{{1, 1, 1}, {1, 1, 1}, {0, 0, 0}, kIdentity3}, {0}};
  // A wrong orientation or spacing is told before the first file is read.
  if (!options.orientation.empty()) imaging::orient(probe, options.orientation);
  if (options.spacing_mm) imaging::grid_with_spacing(probe.geometry, *options.spacing_mm);
}

}  // namespace

ConvertReport convert_scans(const std::vector<fs::path>& inputs, const fs::path& output, const ConvertOptions& options) {
  check(options);
  const SortedInputs sorted = sort_inputs(inputs);
  ConvertReport report;
  for (const auto& failure : sorted.failures) report.failed.push_back({failure.input, failure.code, failure.message});
  std::vector<std::pair<fs::path, imaging::Study>> studies;
  for (const fs::path& folder : sorted.dicom_folders) studies.emplace_back(folder, imaging::scan_study(folder, options.unplaced));
  if (!sorted.dicom_files.empty()) studies.emplace_back(sorted.dicom_files.front(), imaging::scan_files(sorted.dicom_files, options.unplaced));
  Names names(output, options);
  Labels labels(options.subject);
  std::vector<ConvertJob> jobs;
  for (const fs::path& file : sorted.images) jobs.push_back({file, {}, names.take(imaging::image_stem(file), false)});
  for (const auto& [input, study] : studies) plan_study(input, study, names, labels, options, jobs, report);
  for (const ConvertJob& job : jobs) check_free(job, options);
  Progress progress("converting", jobs.size());
  std::mutex mutex;
  std::vector<std::optional<ConvertReport::Written>> written(jobs.size());
  std::vector<std::optional<ConvertReport::Failed>> failed(jobs.size());
  parallel_for(jobs.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t n = begin; n < end; ++n) {
      try {
        written[n] = run_job(jobs[n], options);
      } catch (const Error& error) {  // the other scans are converted all the same
        if (error.code() == ErrorCode::kCannotWrite) throw;
        failed[n] = {jobs[n].input, error.code(), error.what()};
      }
      const std::lock_guard lock(mutex);
      progress.advance(1, jobs[n].output.filename().string());
    }
  });
  progress.finish();
  for (std::size_t n = 0; n < jobs.size(); ++n) {
    if (written[n]) report.written.push_back(std::move(*written[n]));
    if (failed[n]) report.failed.push_back(std::move(*failed[n]));
  }
  for (const auto& [input, study] : studies)
    convert_structures(
        input, study, [&](const imaging::DicomHeader& h) { return names.take(structure_name(h, options, labels), true); }, options, report);
  if (options.name == "nnunet") describe_for_nnunet(output, report);
  return report;
}

Json to_json(const ConvertReport& report) {
  Json files = Json::array(), rejected = Json::array(), skipped = Json::array();
  for (const auto& w : report.written) {
    files.push_back({{"input", w.input.string()}, {"output", w.output.string()}, {"size", w.size}, {"spacing_mm", w.spacing_mm}, {"volumes", w.volumes}, {"notes", w.notes}});
    if (!w.is_dicom) continue;
    files.back()["sidecar"] = w.beside.front().string();
    files.back()["class"] = w.channel.empty() ? Json() : Json(w.channel);
    if (w.beside.size() > 1) files.back()["bval"] = w.beside[1].string();
    if (w.beside.size() > 2) files.back()["bvec"] = w.beside[2].string();
  }
  for (const auto& f : report.failed)
    files.push_back({{"input", f.input.string()}, {"error", {{"code", static_cast<int>(f.code)}, {"message", f.message}}}});
  for (const auto& s : report.skipped) skipped.push_back({{"input", s.input.string()}, {"reason", s.message}});
  for (const auto& r : report.rejected)
    rejected.push_back({{"file", r.file.string()}, {"reason", r.reason}, {"holds_image", r.holds_image}});
  Json result{{"schema", "consilium.convert/2"}, {"files", files}, {"skipped", skipped}, {"rejected", rejected}};
  if (!report.dataset.empty()) result["dataset"] = report.dataset.string();
  return result;
}

std::string to_table(const ConvertReport& report) {
  std::string table;
  const auto line = [&](const std::string& what, const std::string& which, const std::string& why) {
    table += fmt::format("{:<10} {:<40} {}\n", what, which, why);
  };
  for (const auto& w : report.written)
    for (const std::string& note : w.notes) {
      const std::size_t colon = note.find(": ");
      const bool has_word = colon != std::string::npos && colon <= 10;
      line(has_word ? note.substr(0, colon) : "note", w.output.filename().string(), has_word ? note.substr(colon + 2) : note);
    }
  for (const auto& s : report.skipped) line("skipped", s.input.filename().string(), s.message);
  for (const auto& f : report.failed) line(f.code == ErrorCode::kUnsupported ? "refused" : "failed", f.input.filename().string(), f.message);
  // A reason that 150 files share is told once.
  std::map<std::pair<std::string, bool>, std::vector<const imaging::RejectedFile*>> reasons;
  for (const auto& r : report.rejected) reasons[{r.reason, r.holds_image}].push_back(&r);
  for (const auto& [reason, files] : reasons)
    line(reason.second ? "refused" : "left out",
         fmt::format("{} file{} ({}{})", files.size(), files.size() == 1 ? "" : "s", files.front()->file.filename().string(), files.size() == 1 ? "" : ", ..."),
         reason.first);
  return table;
}

}  // namespace consilium::pipelines
