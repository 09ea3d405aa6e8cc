#include "pipelines/ingest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/settings.h"
#include "imaging/dicom/header.h"
#include "imaging/dicom/load.h"
#include "imaging/dicom/scan.h"
#include "imaging/dicom/suv.h"
#include "imaging/nifti/nifti.h"
#include "pipelines/choose_series.h"
#include "pipelines/dicom_labels.h"

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

/// Also of "site/" and ".".
std::string folder_name(const fs::path& folder) {
  const std::string name = (folder.has_filename() ? folder : folder.parent_path()).filename().string();
  return name == "." || name == ".." ? fs::canonical(folder).filename().string() : name;
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

/// One folder as one case; nothing when it holds none.
std::optional<CasePaths> case_in(const fs::path& folder, const std::string& split, const FilePatterns& patterns) {
  CasePaths found;
  found.name = folder_name(folder);
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
  if (found.channels.empty() && !found.dicom) return std::nullopt;
  return found;
}

bool is_split(const std::string& name) { return name == "train" || name == "test"; }

CasePaths archived_case(const fs::path& folder, const std::string& split, const FilePatterns& patterns) {
  CasePaths found{.name = folder_name(folder), .split = split, .folder = folder, .channels = {}, .labels = {}, .dicom = folder};
  for (const fs::path& file : sorted_entries(folder))
    if (fs::is_regular_file(file) && is_nifti(file)) add_file(found, file, patterns);
  return found;
}

/// Examination of the first DICOM file below a folder: absent without such a file, empty when it does not say.
std::optional<std::string> first_examination(const fs::path& folder) {
  const auto file = imaging::first_dicom_file(folder);
  if (!file) return std::nullopt;
  try {
    return imaging::read_dicom_header(*file).study_uid;
  } catch (const Error&) {  // the scan will tell what is wrong with it
    return "";
  }
}

/// Patients of an archive: each of `entries` that holds DICOM files at any depth; `folder` itself when it holds such files, or when the folders
/// in it are the series of one examination.
std::vector<CasePaths> archived_cases(const fs::path& folder, const std::vector<fs::path>& entries, const std::string& split,
                                      const FilePatterns& patterns) {
  for (const fs::path& file : sorted_entries(folder))
    if (fs::is_regular_file(file) && imaging::is_dicom_file(file)) return {archived_case(folder, split, patterns)};
  std::vector<CasePaths> cases;
  std::set<std::string> examinations;
  for (const fs::path& entry : entries) {
    const auto examination = first_examination(entry);
    if (!examination) continue;
    cases.push_back(archived_case(entry, split, patterns));
    examinations.insert(*examination);
  }
  if (cases.size() > 1 && examinations.size() == 1 && !examinations.contains("")) return {archived_case(folder, split, patterns)};
  return cases;
}

constexpr int kDeepestFolder = 4;

void walk(const fs::path& folder, const std::string& split, int depth, const FilePatterns& patterns, std::vector<CasePaths>& cases) {
  if (depth > kDeepestFolder) return;
  if (auto found = case_in(folder, split, patterns)) {
    cases.push_back(std::move(*found));
    return;
  }
  std::vector<fs::path> others;  // folders without any of our names
  for (const fs::path& entry : sorted_entries(folder)) {
    if (!fs::is_directory(entry)) continue;
    const std::string name = entry.filename().string();
    const std::size_t before = cases.size();
    walk(entry, is_split(name) ? name : split, depth + 1, patterns, cases);
    if (cases.size() == before && !is_split(name) && name != "sourcedata") others.push_back(entry);  // BIDS keeps raw files there
  }
  if (depth == 0 || is_split(folder.filename().string()))
    for (CasePaths& found : archived_cases(folder, others, split, patterns)) cases.push_back(std::move(found));
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

constexpr double kSameGrid_mm = 0.05;

/// Images of one examination that name no frame of reference are taken to share one.
std::string frame_of(const imaging::Series& series) {
  const imaging::DicomHeader& h = series.header();
  return h.frame_of_reference.empty() ? "examination " + h.study_uid : h.frame_of_reference;
}

void load_dicom(const CasePaths& paths, const std::vector<std::string>& channels, const imaging::LabelScheme& scheme, const LoadOptions& options, Case& result) {
  const imaging::Study study = imaging::scan_study(*paths.dicom);
  const auto all_chosen = choose_series(study, channels, paths.name, {.may_lack = options.may_lack});
  for (const auto& [channel, chosen] : all_chosen) {
    const bool is_pet = channel == "PET";
    result.images[channel] = imaging::load_series(is_pet ? imaging::to_suv(chosen.series) : chosen.series);
    result.evidence[channel] = chosen.evidence + (is_pet ? "; SUV by body weight" : "");
    result.series[channel] = chosen.series.header().series_uid;
    result.frames[channel] = frame_of(chosen.series);
  }
  if (!options.labels || paths.labels) return;
  auto found = dicom_labels(study, all_chosen, channels, scheme, paths.name, {.outlined = paths.outlined});
  if (!found) return;
  result.labels = std::move(found->labels);
  result.evidence["labels"] = found->evidence;
  result.frames["labels"] = result.frames.at(found->channel);
}

/// Labels in a file are drawn on the voxels of one of the images, and move with it.
void take_frame_of_image(Case& result, const std::string& reference) {
  const auto is_grid_of = [&](const std::string& channel) { return same_grid(result.images.at(channel).geometry, result.labels->geometry, kSameGrid_mm); };
  if (is_grid_of(reference)) return;
  const auto found = std::find_if(result.frames.begin(), result.frames.end(), [&](const auto& entry) { return is_grid_of(entry.first); });
  if (found != result.frames.end()) result.frames["labels"] = std::string(found->second);
}

[[noreturn]] void refuse_lack(const CasePaths& paths, const std::string& missing) {
  std::vector<std::string> there;
  for (const auto& [name, file] : paths.channels) there.push_back(name);
  throw Error(ErrorCode::kNotFound, fmt::format("case {}: no {} image; found: {}", paths.name, missing, there.empty() ? "none" : fmt::format("{}", fmt::join(there, ", "))));
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
          site_folder.string() + ": holds no case. Expected a folder per case with NIfTI files named as BraTS, BIDS or nnU-Net do, or with DICOM files");
  // A pattern of file names is none of regions.
  if (const auto outlined = patterns.find("labels"); outlined != patterns.end() && outlined->second.find(".nii") == std::string::npos)
    for (CasePaths& found : cases) found.outlined = outlined->second;
  std::sort(cases.begin(), cases.end(), [](const CasePaths& a, const CasePaths& b) { return a.name < b.name; });
  for (std::size_t n = 1; n < cases.size(); ++n)
    require(cases[n].name != cases[n - 1].name, ErrorCode::kMismatch, site_folder.string() + ": two cases are named " + cases[n].name);
  return cases;
}

LoadOptions load_options(const NormaliseOptions& options) {
  return {.may_lack = options.missing != Missing::kRefuse, .labels = true, .reference = options.reference, .align = {.registration = options.registration}};
}

Case load_case(const CasePaths& paths, const std::vector<std::string>& channels, const imaging::LabelScheme& scheme, const LoadOptions& options) {
  Case result;
  result.name = paths.name;
  std::vector<std::string> from_dicom;
  for (const std::string& channel : channels) {
    const auto place = paths.channels.find(channel);
    if (place != paths.channels.end()) {
      result.images[channel] = imaging::read_nifti(place->second);
      result.evidence[channel] = "file name";
    } else if (paths.dicom) {
      from_dicom.push_back(channel);
    } else if (!options.may_lack) {
      refuse_lack(paths, channel);
    }
  }
  if (!from_dicom.empty()) load_dicom(paths, from_dicom, scheme, options, result);
  if (result.images.empty()) refuse_lack(paths, fmt::format("{}", fmt::join(channels, ", ")));
  if (paths.labels && options.labels) {
    result.labels = imaging::to_internal(imaging::read_nifti_labels(*paths.labels), scheme);
    result.evidence["labels"] = "file name";
  }
  const auto there = std::find_if(channels.begin(), channels.end(), [&](const std::string& c) { return result.images.contains(c); });
  const std::string reference = result.images.contains(options.reference) ? options.reference : *there;
  if (paths.labels && options.labels) take_frame_of_image(result, reference);
  return align(std::move(result), reference, options.align);
}

}  // namespace consilium::pipelines
