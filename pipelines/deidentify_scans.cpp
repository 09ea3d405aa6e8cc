#include "pipelines/deidentify_scans.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "base/files.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "imaging/dicom/scan.h"
#include "imaging/dicom/seg_file.h"
#include "pipelines/deface_scans.h"
#include "pipelines/files_below.h"

namespace consilium::pipelines {
namespace {

bool lies_within(const fs::path& inner, const fs::path& outer) {
  const fs::path in = fs::weakly_canonical(inner), out = fs::weakly_canonical(outer);
  return std::mismatch(out.begin(), out.end(), in.begin(), in.end()).first == out.end();
}

void require_apart(const fs::path& input, const fs::path& output, const DeidentifyScansOptions& options) {
  // Results among the originals would be taken for originals by the next run.
  require(!lies_within(output, input), ErrorCode::kMismatch, "the folder for the results lies within the input; name another one");
  require(!options.deface || !lies_within(options.review, output), ErrorCode::kMismatch,
          "the pictures for review show faces, and would lie among the results; name another folder");
}

/// A UID as part of a path: whatever a damaged file says, no way out of the folder.
std::string safe_name(std::string name) {
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '.' && c != '-') c = '_';
  if (name.empty() || name.find_first_not_of('.') == std::string::npos) return "none";
  return name.substr(0, 64);
}

/// Outputs that belong to a file already.
class Claims {
 public:
  bool take(const fs::path& path) {
    const std::lock_guard lock(mutex_);
    return taken_.insert(path).second;
  }

 private:
  std::mutex mutex_;
  std::set<fs::path> taken_;
};

/// What is removed of the file's pixels; null for what shows no face: reports, contours, segmentations.
const imaging::FaceToRemove* face_of(const fs::path& file, const FacesToRemove& faces) {
  if (const auto found = faces.files.find(file); found != faces.files.end()) return &found->second;
  const imaging::DicomHeader header = imaging::read_dicom_header(file);
  if (!header.has_pixels || imaging::is_segmentation(header.sop_class_uid)) return nullptr;
  const auto refused = faces.refused.find(file);
  throw Error(ErrorCode::kRefused, refused != faces.refused.end() ? refused->second : "its face was not removed");
}

DeidentifyReport::Written deidentify_one(const fs::path& file, const fs::path& output, const imaging::Pseudonyms& pseudonyms,
                                         const DeidentifyScansOptions& options, const FacesToRemove& faces, Claims& claims) {
  const imaging::FaceToRemove* face = options.deface ? face_of(file, faces) : nullptr;
  imaging::DeidentifiedFile result = imaging::deidentify_file(file, pseudonyms, options.profile, face);
  require(!options.refuse_burned_in || result.burned_in == "no", ErrorCode::kRefused,
          "names may be burned into the pixels (" + result.burned_in + "), and such files are refused");
  const fs::path path = fs::path(safe_name(result.patient)) / safe_name(result.study_uid) / safe_name(result.series_uid) / (safe_name(result.instance_uid) + ".dcm");
  require(claims.take(path), ErrorCode::kMismatch, "another file holds the same object (SOP Instance UID)");
  require(options.overwrite || !fs::exists(output / path), ErrorCode::kCannotWrite, "its result exists; give --overwrite to replace it");
  write_file(output / path, result.bytes, Durability::kKill);
  result.bytes = {};
  return {0, path, std::move(result)};
}

}  // namespace

DeidentifyReport deidentify_scans(const fs::path& input, const fs::path& output, const imaging::Pseudonyms& pseudonyms, const DeidentifyScansOptions& options) {
  imaging::validate(options.profile);
  const std::vector<fs::path> files = files_below(input);
  require_apart(input, output, options);
  DeidentifyReport report;
  report.profile = options.profile;
  std::vector<std::optional<DeidentifyReport::Written>> written(files.size());
  std::vector<std::optional<DeidentifyReport::Failed>> failed(files.size());
  FacesToRemove faces;
  if (options.deface) {
    std::vector<fs::path> dicom;
    std::copy_if(files.begin(), files.end(), std::back_inserter(dicom), [](const fs::path& file) { return imaging::is_dicom_file(file); });
    faces = find_faces(dicom, options.review, pseudonyms, options.overwrite);
  }
  Progress progress("de-identifying", files.size());
  std::mutex mutex;
  Claims claims;
  parallel_for(files.size(), 4, [&](std::size_t begin, std::size_t end) {
    for (std::size_t n = begin; n < end; ++n) {
      try {
        if (imaging::is_dicom_file(files[n])) written[n] = deidentify_one(files[n], output, pseudonyms, options, faces, claims);
      } catch (const Error& error) {  // the other files are treated all the same
        failed[n] = {n + 1, error.code(), error.what()};
      }
      const std::lock_guard lock(mutex);
      progress.advance();
    }
  });
  progress.finish();
  for (std::size_t n = 0; n < files.size(); ++n) {
    if (written[n]) {
      written[n]->number = n + 1;
      report.written.push_back(std::move(*written[n]));
    } else if (failed[n]) {
      report.failed.push_back(std::move(*failed[n]));
    } else {
      ++report.other_files;
    }
  }
  return report;
}

Json to_json(const DeidentifyReport& report) {
  Json files = Json::array(), methods = Json::array();
  std::map<std::string, std::size_t> totals;
  std::map<std::string, std::size_t> burned_in;
  for (const auto& [code, meaning] : imaging::method_codes(report.profile)) methods.push_back({{"code", code}, {"meaning", meaning}});
  for (const auto& w : report.written) {
    files.push_back({{"number", w.number}, {"output", w.output.string()}, {"patient", w.file.patient}, {"sop_class", w.file.sop_class_uid}, {"modality", w.file.modality}, {"burned_in", w.file.burned_in}, {"actions", w.file.counts}});
    for (const auto& [word, count] : w.file.counts) totals[word] += count;
    ++burned_in[w.file.burned_in];
  }
  for (const auto& f : report.failed) files.push_back({{"number", f.number}, {"error", {{"code", static_cast<int>(f.code)}, {"message", f.reason}}}});
  return {{"schema", "consilium.deidentify/1"}, {"profile", methods}, {"written", report.written.size()}, {"failed", report.failed.size()}, {"other_files", report.other_files}, {"actions", totals}, {"burned_in", burned_in}, {"files", files}};
}

}  // namespace consilium::pipelines
