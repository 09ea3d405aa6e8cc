#include "pipelines/ingest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/settings.h"
#include "imaging/dicom/classify.h"
#include "imaging/dicom/load.h"
#include "imaging/nifti/nifti.h"

namespace consilium::pipelines {
namespace {

namespace fs = std::filesystem;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

bool is_nifti(const fs::path& file) {
  const std::string name = lower(file.filename().string());
  return name.ends_with(".nii") || name.ends_with(".nii.gz");
}

std::vector<fs::path> sorted_entries(const fs::path& folder) {
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(folder)) entries.push_back(entry.path());
  std::sort(entries.begin(), entries.end());
  return entries;
}

/// What a file is: by the site's own patterns where it has some, else by the usual names.
std::string channel_of(const std::string& file_name, const FilePatterns& patterns) {
  if (patterns.empty()) return recognise_channel(file_name);
  for (const auto& [channel, pattern] : patterns)
    if (fnmatch(pattern.c_str(), file_name.c_str(), 0) == 0) return channel;
  return "";
}

void add_file(CasePaths& found, const fs::path& file, const FilePatterns& patterns) {
  const std::string channel = channel_of(file.filename().string(), patterns);
  if (channel.empty()) return;
  const auto twice = [&](const fs::path& first) {
    throw Error(ErrorCode::kMismatch, "case " + found.name + ": both " + first.filename().string() + " and " + file.filename().string() + " look like " + channel + "; move one of them out of the folder");
  };
  if (channel == "labels") {
    if (found.labels) twice(*found.labels);
    found.labels = file;
    return;
  }
  const auto [place, fresh] = found.channels.emplace(channel, file);
  if (!fresh) twice(place->second);
}

/// Study Instance UID of the first image directly in a folder; empty when there is none.
std::string study_in(const fs::path& folder) {
  int tries = 0;
  for (const fs::path& entry : sorted_entries(folder)) {
    if (!fs::is_regular_file(entry) || is_nifti(entry)) continue;
    const std::string extension = lower(entry.extension().string());
    if (extension == ".json" || extension == ".txt" || extension == ".csv") continue;
    try {
      const imaging::DicomHeader header = imaging::read_dicom_header(entry);
      return header.study_uid.empty() ? "unknown" : header.study_uid;
    } catch (const Error&) {  // not an image: the next file may be one
      if (++tries == 3) return "";
    }
  }
  return "";
}

/// Series of one study side by side, or the images themselves: how archives export a patient.
bool is_dicom_case(const fs::path& folder) {
  if (!study_in(folder).empty()) return true;
  std::set<std::string> studies;
  for (const fs::path& entry : sorted_entries(folder))
    if (fs::is_directory(entry)) studies.insert(study_in(entry));
  studies.erase("");
  return studies.size() == 1;
}

/// One folder as one case; nothing when it holds none.
std::optional<CasePaths> case_in(const fs::path& folder, const std::string& split, const FilePatterns& patterns) {
  CasePaths found;
  found.name = folder.filename().string();
  found.split = split;
  found.folder = folder;
  for (const fs::path& entry : sorted_entries(folder)) {
    const std::string name = entry.filename().string();
    if (fs::is_regular_file(entry) && is_nifti(entry)) add_file(found, entry, patterns);
    if (!fs::is_directory(entry)) continue;
    if (name == "dicom") found.dicom = entry;
    if (name == "anat" || name == "ct" || name == "pet")
      for (const fs::path& file : sorted_entries(entry))
        if (fs::is_regular_file(file) && is_nifti(file)) add_file(found, file, patterns);
  }
  if (found.channels.empty() && !found.dicom && is_dicom_case(folder)) found.dicom = folder;
  if (found.channels.empty() && !found.dicom) return std::nullopt;
  return found;
}

void walk(const fs::path& folder, const std::string& split, int depth, const FilePatterns& patterns, std::vector<CasePaths>& cases) {
  if (depth > 4) return;
  if (auto found = case_in(folder, split, patterns)) {
    cases.push_back(std::move(*found));
    return;
  }
  for (const fs::path& entry : sorted_entries(folder)) {
    if (!fs::is_directory(entry)) continue;
    const std::string name = entry.filename().string();
    walk(entry, name == "train" || name == "test" ? name : split, depth + 1, patterns, cases);
  }
}

/// nnU-Net raw: imagesTr/<case>_0000.nii.gz, labelsTr/<case>.nii.gz, and the names of the channels in dataset.json.
std::vector<CasePaths> nnunet_cases(const fs::path& folder) {
  const Json dataset = read_json(folder / "dataset.json");
  const auto names = dataset.find("channel_names");
  require(names != dataset.end() && names->is_object(), ErrorCode::kUsage, (folder / "dataset.json").string() + ": expected an object \"channel_names\", as nnU-Net 2 writes it");
  std::map<std::string, CasePaths> cases;
  for (const auto& [part, split] : {std::pair<std::string, std::string>{"imagesTr", "train"}, {"imagesTs", "test"}}) {
    if (!fs::is_directory(folder / part)) continue;
    for (const fs::path& file : sorted_entries(folder / part)) {
      if (!is_nifti(file)) continue;
      std::string stem = file.filename().string();
      stem.resize(stem.find(".nii"));
      if (stem.size() < 6 || stem[stem.size() - 5] != '_') continue;
      const std::string number = std::to_string(std::atoi(stem.substr(stem.size() - 4).c_str())), name = stem.substr(0, stem.size() - 5);
      if (!names->contains(number)) continue;
      const auto word = json_value<std::string>(names->at(number), (folder / "dataset.json").string() + ": channel_names." + number);
      std::string channel = recognise_channel(word + ".nii");
      if (channel.empty()) channel = word;
      CasePaths& found = cases[name];
      found.name = name, found.split = split, found.folder = folder;
      found.channels[channel] = file;
      for (const char* labels : {"labelsTr", "labelsTs"})
        for (const char* ending : {".nii.gz", ".nii"})
          if (fs::exists(folder / labels / (name + ending))) found.labels = folder / labels / (name + ending);
    }
  }
  std::vector<CasePaths> result;
  for (auto& [name, found] : cases) result.push_back(std::move(found));
  return result;
}

Volume load_channel(const CasePaths& paths, const std::string& channel) {
  const auto place = paths.channels.find(channel);
  if (place == paths.channels.end()) {
    std::vector<std::string> there;
    for (const auto& [name, file] : paths.channels) there.push_back(name);
    throw Error(ErrorCode::kNotFound, fmt::format("case {}: no {} image; found: {}", paths.name, channel, there.empty() ? "none" : fmt::format("{}", fmt::join(there, ", "))));
  }
  return imaging::read_nifti(place->second);
}

}  // namespace

std::string recognise_channel(std::string_view file_name) {
  std::string stem = lower(file_name);
  if (const auto dot = stem.find(".nii"); dot != std::string::npos) stem.resize(dot);
  for (const std::string_view ending : {"_bet", "_brain", "_bias"})
    if (stem.ends_with(ending)) stem.resize(stem.size() - ending.size());
  const auto cut = stem.find_last_of("_-");
  const std::string word = cut == std::string::npos ? stem : stem.substr(cut + 1);
  if (word == "t1w") return stem.find("ce-") != std::string::npos ? "T1ce" : "T1";
  static const std::map<std::string, std::string> words{
      {"t1", "T1"},     {"t1n", "T1"},     {"t1ce", "T1ce"}, {"t1c", "T1ce"},   {"t1gd", "T1ce"},  {"t1post", "T1ce"},      {"t2", "T2"},       {"t2w", "T2"},       {"flair", "FLAIR"},
      {"t2f", "FLAIR"}, {"fla", "FLAIR"},  {"ct", "CT"},     {"pet", "PET"},    {"mr", "MR"},      {"mri", "MR"},           {"seg", "labels"},  {"dseg", "labels"},  {"label", "labels"},
      {"labels", "labels"}, {"mask", "labels"}, {"gtv", "labels"}};
  const auto found = words.find(word);
  return found == words.end() ? "" : found->second;
}

std::vector<CasePaths> find_cases(const fs::path& site_folder, const FilePatterns& patterns) {
  require(fs::is_directory(site_folder), ErrorCode::kNotFound, site_folder.string() + ": no such folder");
  std::vector<CasePaths> cases;
  if (fs::exists(site_folder / "dataset.json") && fs::is_directory(site_folder / "imagesTr")) {
    cases = nnunet_cases(site_folder);
  } else {
    walk(site_folder, "", 0, patterns, cases);
  }
  require(!cases.empty(), ErrorCode::kNotFound,
          site_folder.string() + ": holds no case. Expected a folder per case with NIfTI files named as BraTS, BIDS or nnU-Net do, or with a folder \"dicom\"");
  std::sort(cases.begin(), cases.end(), [](const CasePaths& a, const CasePaths& b) { return a.name < b.name; });
  for (std::size_t n = 1; n < cases.size(); ++n)
    require(cases[n].name != cases[n - 1].name, ErrorCode::kMismatch, site_folder.string() + ": two cases are named " + cases[n].name);
  return cases;
}

const imaging::Series& choose_series(const imaging::Study& study, const std::string& channel, const std::string& case_name) {
  const imaging::Series* best = nullptr;
  std::vector<std::string> seen;
  for (const imaging::Series& series : study.series) {
    const std::string found = imaging::classify(series).channel;
    seen.push_back(fmt::format("series {} {}{}", series.header().series_number, found.empty() ? "not told apart" : found, series.problem.empty() ? "" : " (" + series.problem + ")"));
    if (found != channel || !series.problem.empty() || series.volume > 1) continue;
    if (best == nullptr || voxel_count(series.geometry) > voxel_count(best->geometry)) best = &series;
  }
  if (best != nullptr) return *best;
  if (!study.rejected.empty()) seen.push_back(fmt::format("{} files were refused, the first because: {}", study.rejected.size(), study.rejected.front().reason));
  throw Error(ErrorCode::kNotFound, fmt::format("case {}: no {} series that can be read; found: {}", case_name, channel, seen.empty() ? "no DICOM image" : fmt::format("{}", fmt::join(seen, "; "))));
}

Case load_case(const CasePaths& paths, const std::vector<std::string>& channels, const imaging::LabelScheme& scheme) {
  Case result;
  result.name = paths.name;
  if (paths.dicom && paths.channels.empty()) {
    const imaging::Study study = imaging::scan_study(*paths.dicom);
    for (const std::string& channel : channels) result.images[channel] = imaging::load_series(choose_series(study, channel, paths.name));
  } else {
    for (const std::string& channel : channels) result.images[channel] = load_channel(paths, channel);
  }
  if (paths.labels) result.labels = imaging::to_internal(imaging::read_nifti_labels(*paths.labels), scheme);
  return result;
}

}  // namespace consilium::pipelines
