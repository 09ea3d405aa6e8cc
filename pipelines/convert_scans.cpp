#include "pipelines/convert_scans.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "base/files.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "imaging/dicom/classify.h"
#include "imaging/dicom/load.h"
#include "imaging/dicom/sidecar.h"
#include "imaging/nifti/nifti.h"
#include "imaging/ops/orient.h"
#include "imaging/ops/resample.h"
#include "pipelines/inspect_scans.h"

namespace consilium::pipelines {
namespace {

using imaging::Series;

/// One output file to be.
struct Job {
  fs::path input;
  const Series* series = nullptr;  ///< or a NIfTI file
  fs::path output;
};

/// "scan.nii.gz", "scan.nii", "scan.hdr" -> "scan".
std::string stem_of(const fs::path& path) {
  std::string name = path.filename().string();
  for (const char* suffix : {".gz", ".nii", ".hdr", ".img"})
    if (name.ends_with(suffix)) name.resize(name.size() - std::string_view(suffix).size());
  return name;
}

/// 0 -> "a", 25 -> "z", 26 -> "ba": for the second and later series of one name.
std::string letters(std::size_t number) {
  std::string text(1, static_cast<char>('a' + number % 26));
  return number < 26 ? text : letters(number / 26) + text;
}

class Names {
 public:
  Names(const fs::path& folder, bool overwrite) : folder_(folder), overwrite_(overwrite) {}

  /// The file for a name; another one when the name is taken and may be changed.
  fs::path take(const std::string& name, bool may_change) {
    std::string free = name;
    for (std::size_t n = 0; !taken_.insert(free).second; ++n) {
      require(may_change, ErrorCode::kUsage,
              "two inputs would be written to " + name + ".nii.gz; convert them into different folders");
      free = name + letters(n);
    }
    const fs::path file = folder_ / (free + ".nii.gz");
    require(overwrite_ || !fs::exists(file), ErrorCode::kCannotWrite, file.string() + ": exists; give --overwrite to replace it");
    return file;
  }

 private:
  fs::path folder_;
  bool overwrite_;
  std::set<std::string> taken_;
};

Volume shaped(Volume volume, const ConvertOptions& options) {
  if (!options.orientation.empty()) volume = imaging::orient(volume, options.orientation);
  if (options.spacing_mm) volume = imaging::resample(volume, imaging::grid_with_spacing(volume.geometry, *options.spacing_mm));
  return volume;
}

/// One slope and intercept for all slices let the stored integers stay; PET has one per slice.
std::optional<imaging::NiftiScaling> scaling_of(const Series& series) {
  const imaging::DicomHeader& h = series.header();
  const bool same = std::all_of(series.slices.begin(), series.slices.end(),
                                [&](const auto& s) { return s.slope == h.slope && s.intercept == h.intercept; });
  if (!same) return std::nullopt;
  // HU from 12 or 16 bits fit as they are, so that readers without scl_inter are right too.
  if (h.slope == 1 && h.intercept == std::floor(h.intercept)) return imaging::NiftiScaling{};
  return imaging::NiftiScaling{h.slope, h.intercept};
}

ConvertReport::Written convert(const Job& job, const ConvertOptions& options) {
  ConvertReport::Written written{job.input, job.output, {}, {}, {}, ""};
  imaging::NiftiWriteOptions writing{.compression = options.compression};
  Volume volume;
  if (job.series != nullptr) {
    volume = imaging::load_series(*job.series);
    writing.integers = scaling_of(*job.series);
    written.channel = imaging::classify(*job.series).channel;
    written.sidecar = fs::path(job.output).replace_extension().replace_extension(".json");
  } else {
    volume = imaging::read_nifti(job.input);
  }
  volume = shaped(std::move(volume), options);
  written.size = volume.geometry.size;
  written.spacing_mm = volume.geometry.spacing_mm;
  imaging::write_nifti(job.output, volume, writing);
  if (written.sidecar)
    write_file(*written.sidecar, imaging::to_sidecar(*job.series).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  return written;
}

std::vector<Job> plan(const SortedInputs& sorted, const std::vector<std::pair<fs::path, imaging::Study>>& studies,
                      const fs::path& output, const ConvertOptions& options, ConvertReport& report) {
  Names names(output, options.overwrite);
  std::vector<Job> jobs;
  for (const fs::path& file : sorted.nifti) jobs.push_back({file, nullptr, names.take(stem_of(file), false)});
  for (const auto& [input, study] : studies) {
    report.rejected.insert(report.rejected.end(), study.rejected.begin(), study.rejected.end());
    for (const Series& series : study.series) {
      const std::string name = series_file_name(series, options.name);
      if (series.problem.empty()) {
        jobs.push_back({input, &series, names.take(name, true)});
      } else {
        report.failed.push_back({input, ErrorCode::kUnsupported,
                                 fmt::format("series {} ({}): {}", series.header().series_number, name, series.problem)});
      }
    }
  }
  return jobs;
}

void check(const ConvertOptions& options) {
  const Volume probe{{{1, 1, 1}, {1, 1, 1}, {0, 0, 0}, kIdentity3}, {0}};
  shaped(probe, options);  // a wrong orientation or spacing is told before the first file is read
}

}  // namespace

ConvertReport convert_scans(const std::vector<fs::path>& inputs, const fs::path& output, const ConvertOptions& options) {
  check(options);
  const SortedInputs sorted = sort_inputs(inputs);
  ConvertReport report;
  for (const auto& failure : sorted.failures) report.failed.push_back({failure.input, failure.code, failure.message});
  std::vector<std::pair<fs::path, imaging::Study>> studies;
  for (const fs::path& folder : sorted.dicom_folders) studies.emplace_back(folder, imaging::scan_study(folder));
  if (!sorted.dicom_files.empty()) studies.emplace_back(sorted.dicom_files.front(), imaging::scan_files(sorted.dicom_files));
  const std::vector<Job> jobs = plan(sorted, studies, output, options, report);
  Progress progress("converting", jobs.size());
  std::mutex mutex;
  std::vector<std::optional<ConvertReport::Written>> written(jobs.size());
  std::vector<std::optional<ConvertReport::Failed>> failed(jobs.size());
  parallel_for(jobs.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t n = begin; n < end; ++n) {
      try {
        written[n] = convert(jobs[n], options);
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
  return report;
}

Json to_json(const ConvertReport& report) {
  Json files = Json::array(), rejected = Json::array();
  for (const auto& w : report.written) {
    files.push_back({{"input", w.input.string()}, {"output", w.output.string()}, {"size", w.size}, {"spacing_mm", w.spacing_mm}});
    if (!w.sidecar) continue;
    files.back()["sidecar"] = w.sidecar->string();
    files.back()["class"] = w.channel.empty() ? Json() : Json(w.channel);
  }
  for (const auto& f : report.failed)
    files.push_back({{"input", f.input.string()}, {"error", {{"code", static_cast<int>(f.code)}, {"message", f.message}}}});
  for (const auto& r : report.rejected)
    rejected.push_back({{"file", r.file.string()}, {"reason", r.reason}, {"holds_image", r.holds_image}});
  return {{"schema", "consilium.convert/1"}, {"files", files}, {"rejected", rejected}};
}

}  // namespace consilium::pipelines
