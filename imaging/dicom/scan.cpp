#include "imaging/dicom/scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "base/error.h"
#include "base/parallel.h"
#include "imaging/dicom/slices.h"

namespace consilium::imaging {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_below(const fs::path& path) {
  if (fs::is_regular_file(path)) return {path};
  require(fs::is_directory(path), ErrorCode::kNotFound, path.string() + ": no such file or folder");
  std::vector<fs::path> files;
  const auto options = fs::directory_options::skip_permission_denied;  // does not follow links to folders
  for (const auto& entry : fs::recursive_directory_iterator(path, options))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

/// "DICM" after the preamble, or a first group of 0002 or 0008 in either byte order: what a file without preamble starts with.
bool looks_like_dicom(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  char head[132] = {};
  stream.read(head, sizeof head);
  const auto count = stream.gcount();
  if (count == 132 && std::string_view(head + 128, 4) == "DICM") return true;
  if (count < 8) return false;
  const auto is_group = [&](int group) { return (head[0] == group && head[1] == 0) || (head[0] == 0 && head[1] == group); };
  return is_group(2) || is_group(8);
}

struct Read {
  std::optional<DicomHeader> header;
  std::string reason;
  bool is_dicom = false;
};

Read read_one(const fs::path& file) {
  Read result;
  result.is_dicom = looks_like_dicom(file);
  if (!result.is_dicom) return result;
  try {
    result.header = read_dicom_header(file);
    if (auto reason = reason_not_loadable(*result.header)) result.reason = *reason;
  } catch (const Error& error) {  // one damaged file must not cost the others
    result.reason = error.what();
  }
  if (const std::string prefix = file.string() + ": "; result.reason.starts_with(prefix)) result.reason.erase(0, prefix.size());
  return result;
}

/// What slices of one block share. Directions to a thousandth: vendors round them slice by slice.
using Key = std::tuple<std::string, int, int, std::vector<long>, std::vector<std::string>, long>;

Key key_of(const DicomHeader& h) {
  std::vector<long> plane;
  for (const Vec3& v : {h.row, h.column})
    for (const double x : v) plane.push_back(std::lround(x * 200));
  plane.push_back(std::lround(h.row_spacing_mm * 1000));
  plane.push_back(std::lround(h.column_spacing_mm * 1000));
  return {h.series_uid, h.rows, h.columns, plane, h.image_type, std::lround(h.te_ms.value_or(0) * 100)};
}

/// How parts of one series differ, in words.
std::string part_name(const DicomHeader& a, const DicomHeader& b) {
  if (a.rows != b.rows || a.columns != b.columns) return fmt::format("{} x {} pixels", a.columns, a.rows);
  if (a.te_ms != b.te_ms) return fmt::format("echo time {} ms", a.te_ms.value_or(0));
  if (a.image_type != b.image_type) {
    std::string type;
    for (const std::string& word : a.image_type) type += (type.empty() ? "" : "/") + word;
    return "image type " + type;
  }
  return "another orientation or spacing";
}

void add_series(std::map<Key, std::vector<DicomHeader>>& groups, Study& study) {
  std::map<std::string, std::vector<const Key*>> parts;
  for (const auto& [key, slices] : groups) parts[std::get<0>(key)].push_back(&key);
  std::map<const Key*, std::string> names;
  for (const auto& [uid, keys] : parts)
    if (keys.size() > 1)
      for (std::size_t n = 0; n < keys.size(); ++n) names[keys[n]] = part_name(groups.at(*keys[n]).front(), groups.at(*keys[n == 0 ? 1 : 0]).front());
  for (auto& [key, slices] : groups)
    for (Series& series : arrange_slices(std::move(slices))) {
      if (const auto name = names.find(&key); name != names.end()) series.part = name->second;
      study.series.push_back(std::move(series));
    }
}

}  // namespace

Study scan_study(const fs::path& path) {
  const std::vector<fs::path> files = files_below(path);
  std::vector<Read> read(files.size());
  parallel_for(files.size(), 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t n = begin; n < end; ++n) read[n] = read_one(files[n]);
  });
  Study study;
  std::map<Key, std::vector<DicomHeader>> groups;
  std::set<std::string> instances;
  for (std::size_t n = 0; n < files.size(); ++n) {
    if (!read[n].is_dicom) {
      ++study.other_files;
    } else if (!read[n].reason.empty()) {
      study.rejected.push_back({files[n], read[n].reason});
    } else if (const std::string& uid = read[n].header->sop_instance_uid; !uid.empty() && !instances.insert(uid).second) {
      study.rejected.push_back({files[n], "another file holds the same image (SOP Instance UID)"});
    } else {
      groups[key_of(*read[n].header)].push_back(std::move(*read[n].header));
    }
  }
  add_series(groups, study);
  std::stable_sort(study.series.begin(), study.series.end(), [](const Series& a, const Series& b) {
    return std::make_tuple(a.header().series_number, a.header().series_uid, a.part, a.volume) < std::make_tuple(b.header().series_number, b.header().series_uid, b.part, b.volume);
  });
  return study;
}

}  // namespace consilium::imaging
