#include "imaging/dicom/scan.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <tuple>

#include "base/error.h"
#include "base/parallel.h"
#include "imaging/dicom/file_start.h"
#include "imaging/dicom/rtstruct_read.h"
#include "imaging/dicom/seg_file.h"
#include "imaging/dicom/slices.h"

namespace consilium::imaging {
namespace {

namespace fs = std::filesystem;

/// Archives have patient, study, series and a few more; what is deeper was not meant.
constexpr int kDeepestFolder = 16;

/// Calls `visit` on files, folder by folder in the order of names, until it answers false. Links to folders are not followed: no
/// loops.
template <typename Visit>
bool walk_files(const fs::path& folder, int depth, const Visit& visit) {
  std::error_code status;
  std::vector<fs::directory_entry> entries;
  for (fs::directory_iterator it(folder, fs::directory_options::skip_permission_denied, status), end; !status && it != end;
       it.increment(status))
    entries.push_back(*it);
  std::sort(entries.begin(), entries.end());
  for (const fs::directory_entry& entry : entries) {
    if (entry.is_directory(status) && !entry.is_symlink(status)) {
      if (depth < kDeepestFolder && !walk_files(entry.path(), depth + 1, visit)) return false;
    } else if (entry.is_regular_file(status) && !visit(entry.path())) {
      return false;
    }
  }
  return true;
}

std::vector<fs::path> files_below(const fs::path& path) {
  std::vector<fs::path> files;
  walk_files(path, 0, [&](const fs::path& file) {
    files.push_back(file);
    return true;
  });
  return files;
}

struct Read {
  std::optional<DicomFile> file;
  std::string reason;
  ErrorCode code = ErrorCode::kUnsupported;
  bool is_dicom = false;
};

Read read_one(const fs::path& file, Unplaced unplaced) {
  Read result;
  try {
    const FileStart start = read_start(file);
    result.is_dicom = looks_like_dicom(start.bytes);
    if (!result.is_dicom) return result;
    result.file = read_dicom_file(start, unplaced);
    result.reason = result.file->refusal, result.code = result.file->refusal_code;
  } catch (const Error& error) {  // one damaged file must not cost the others
    result.reason = error.what();
    result.code = error.code();
  }
  if (const std::string prefix = file.string() + ": "; result.reason.starts_with(prefix)) result.reason.erase(0, prefix.size());
  return result;
}

bool is_structure(const DicomHeader& h) { return is_segmentation(h.sop_class_uid) || is_structure_set(h.sop_class_uid); }

/// Files that are there.
Study scan_these(const std::vector<fs::path>& files, Unplaced unplaced) {
  std::vector<Read> read(files.size());
  parallel_for(files.size(), 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t n = begin; n < end; ++n) read[n] = read_one(files[n], unplaced);
  });
  Study study;
  std::vector<DicomHeader> images;
  std::set<std::string> instances;
  for (std::size_t n = 0; n < files.size(); ++n) {
    const DicomHeader* header = read[n].file ? &read[n].file->header : nullptr;
    const int number = header != nullptr ? header->series_number : 0;
    if (!read[n].is_dicom) {
      ++study.other_files;
    } else if (!read[n].reason.empty() && (header == nullptr || !is_structure(*header))) {
      study.rejected.push_back({files[n], read[n].reason, read[n].code, number, header == nullptr || is_scan(*header)});
    } else if (const std::string& uid = header->sop_instance_uid; !uid.empty() && !instances.insert(uid).second) {
      study.rejected.push_back(
          {files[n], "another file holds the same image (SOP Instance UID)", ErrorCode::kUnsupported, number, false});
    } else if (is_structure(*header)) {
      study.structures.push_back(*header);
    } else {
      std::move(read[n].file->slices.begin(), read[n].file->slices.end(), std::back_inserter(images));
    }
  }
  study.series = group_series(std::move(images));
  return study;
}

}  // namespace

bool is_dicom_file(const fs::path& file) {
  try {
    return looks_like_dicom(read_first_bytes(file, 132));
  } catch (const Error&) {  // nobody can read it
    return false;
  }
}

std::optional<fs::path> first_dicom_file(const fs::path& folder) {
  std::optional<fs::path> found;
  walk_files(folder, 0, [&](const fs::path& file) {
    if (is_dicom_file(file)) found = file;
    return !found;
  });
  return found;
}

Study scan_study(const fs::path& path, Unplaced unplaced) {
  std::error_code status;
  if (fs::is_regular_file(path, status)) return scan_these({path}, unplaced);
  require(fs::is_directory(path, status), ErrorCode::kNotFound, path.string() + ": no such file or folder");
  return scan_these(files_below(path), unplaced);
}

Study scan_files(const std::vector<fs::path>& files, Unplaced unplaced) {
  std::error_code status;
  for (const fs::path& file : files) require(fs::exists(file, status), ErrorCode::kNotFound, file.string() + ": no such file");
  return scan_these(files, unplaced);
}

}  // namespace consilium::imaging
