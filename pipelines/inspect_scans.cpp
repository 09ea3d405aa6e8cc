#include "pipelines/inspect_scans.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "imaging/dicom/classify.h"
#include "imaging/image_file.h"
#include "imaging/ops/orient.h"

namespace consilium::pipelines {
namespace {

namespace fs = std::filesystem;
using imaging::Series;

std::vector<fs::path> nifti_files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code status;
  for (const auto& entry : fs::directory_iterator(folder, status))
    if (entry.is_regular_file(status) && imaging::is_image_name(entry.path()) && entry.path().extension() != ".img")
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::string format_of(const ScanInspection::Nifti& file) {
  if (file.summary.version > 0) return "NIfTI-" + std::to_string(file.summary.version);
  const std::string ending = file.file.extension().string();
  return ending == ".nrrd" || ending == ".nhdr" ? "NRRD" : "MetaImage";
}

std::string text_of(const ScanInspection::Nifti& file) {
  const imaging::NiftiSummary& s = file.summary;
  const auto& spacing = s.geometry.spacing_mm;
  const auto& origin = s.geometry.origin_mm;
  std::string text = fmt::format("{}\n  format       {}, {}{}\n", file.file.string(), format_of(file), s.data_type,
                                 s.byte_swapped ? ", other byte order" : "");
  text += fmt::format("  size         {}\n  spacing      {:.4g} x {:.4g} x {:.4g} mm\n", fmt::join(s.shape, " x "), spacing[0],
                      spacing[1], spacing[2]);
  text += fmt::format("  origin       {:.4g}, {:.4g}, {:.4g} mm (LPS)\n  orientation  {} (from {})\n", origin[0], origin[1],
                      origin[2], s.orientation, s.transform_source);
  if (s.scl_slope != 1 || s.scl_inter != 0) text += fmt::format("  values       {} x stored + {}\n", s.scl_slope, s.scl_inter);
  for (const std::string& warning : s.warnings) text += "  warning      " + warning + "\n";
  return text;
}

Json json_of(const ScanInspection::Nifti& file) {
  const imaging::NiftiSummary& s = file.summary;
  return {{"file", file.file.string()},
          {"format", format_of(file)},
          {"data_type", s.data_type},
          {"shape", s.shape},
          {"spacing_mm", s.geometry.spacing_mm},
          {"origin_lps_mm", s.geometry.origin_mm},
          {"direction_lps", s.geometry.direction},
          {"orientation", s.orientation},
          {"transform_source", s.transform_source},
          {"scl_slope", s.scl_slope},
          {"scl_inter", s.scl_inter},
          {"byte_swapped", s.byte_swapped},
          {"warnings", s.warnings}};
}

std::string modality_of(const imaging::DicomHeader& h) { return h.units.empty() ? h.modality : h.modality + " " + h.units; }

/// One line of the table and, indented, why.
std::string text_of(const Series& series, std::size_t volumes) {
  const imaging::DicomHeader& h = series.header();
  const imaging::SeriesClass what = imaging::classify(series);
  std::string size = fmt::format("{} x {} x {}", h.columns, h.rows, series.slices.size()), spacing = "-", orientation = "-";
  if (series.problem.empty()) {
    const auto& s = series.geometry.spacing_mm;
    spacing = fmt::format("{:.4g} x {:.4g} x {:.4g}", s[0], s[1], s[2]);
    orientation = imaging::orientation_code(series.geometry);
  }
  std::string name = h.series_description.empty() ? h.protocol_name : h.series_description;
  if (!series.part.empty()) name += " [" + series.part + "]";
  if (volumes > 1) name += fmt::format(" [{} volumes]", volumes);
  else if (series.volume > 0) name += fmt::format(" [volume {}]", series.volume);
  std::string text = fmt::format("  {:>6}  {:<8} {:<6} {:<17} {:<22} {:<6} {}\n", h.series_number, modality_of(h),
                                 what.channel.empty() ? "?" : what.channel, size, spacing, orientation, name);
  text += fmt::format("          why: {}\n", fmt::join(what.evidence, "; "));
  if (!series.problem.empty()) text += "          cannot be loaded: " + series.problem + "\n";
  return text;
}

std::string text_of(const ScanInspection::Dicom& dicom) {
  const imaging::Study& study = dicom.study;
  std::string text = fmt::format("{}\n", dicom.input.string());
  if (!study.series.empty())
    text += fmt::format("  {:>6}  {:<8} {:<6} {:<17} {:<22} {:<6} {}\n", "series", "modality", "class", "size", "spacing mm",
                        "axes", "description");
  for (std::size_t n = 0; n < study.series.size();) {
    const std::size_t volumes = imaging::volumes_from(study, n);
    text += text_of(study.series[n], volumes);
    n += volumes;
  }
  for (const imaging::DicomHeader& h : study.structures)
    text += fmt::format("  {:>6}  {:<8} {} ({})\n", h.series_number, h.modality, h.series_description, h.file.filename().string());
  // A reason that 150 files share is told once, with the first of them.
  std::map<std::string, std::vector<const imaging::RejectedFile*>> reasons;
  for (const imaging::RejectedFile& file : study.rejected) reasons[file.reason].push_back(&file);
  for (const auto& [reason, files] : reasons)
    text += fmt::format("  refused: {} file{} ({}{}): {}\n", files.size(), files.size() == 1 ? "" : "s",
                        files.front()->file.filename().string(), files.size() == 1 ? "" : ", ...", reason);
  if (study.other_files > 0)
    text += fmt::format("  {} file{} no DICOM\n", study.other_files, study.other_files == 1 ? " is" : "s are");
  return text;
}

Json json_of(const Series& series) {
  const imaging::DicomHeader& h = series.header();
  const imaging::SeriesClass what = imaging::classify(series);
  Json json{{"series_number", h.series_number},
            {"modality", h.modality},
            {"class", what.channel.empty() ? Json() : Json(what.channel)},
            {"evidence", what.evidence},
            {"description", h.series_description},
            {"protocol", h.protocol_name},
            {"manufacturer", h.manufacturer},
            {"model", h.model},
            {"slices", series.slices.size()},
            {"size", {h.columns, h.rows, series.slices.size()}},
            {"problem", series.problem.empty() ? Json() : Json(series.problem)}};
  if (!h.units.empty()) json["units"] = h.units;
  if (!series.part.empty()) json["part"] = series.part;
  if (series.volume > 0) json["volume"] = series.volume;
  if (!series.problem.empty()) return json;
  json["spacing_mm"] = series.geometry.spacing_mm;
  json["origin_lps_mm"] = series.geometry.origin_mm;
  json["direction_lps"] = series.geometry.direction;
  json["orientation"] = imaging::orientation_code(series.geometry);
  return json;
}

Json json_of(const ScanInspection::Dicom& dicom) {
  Json series = Json::array(), structures = Json::array(), rejected = Json::array();
  for (const Series& one : dicom.study.series) series.push_back(json_of(one));
  for (const imaging::DicomHeader& h : dicom.study.structures)
    structures.push_back({{"file", h.file.string()}, {"modality", h.modality}, {"series_number", h.series_number}, {"description", h.series_description}});
  for (const imaging::RejectedFile& file : dicom.study.rejected)
    rejected.push_back({{"file", file.file.string()},
                        {"reason", file.reason},
                        {"series_number", file.series_number},
                        {"holds_image", file.holds_image}});
  return {{"input", dicom.input.string()}, {"series", series}, {"structures", structures}, {"rejected", rejected}, {"other_files", dicom.study.other_files}};
}

}  // namespace

SortedInputs sort_inputs(const std::vector<fs::path>& inputs) {
  SortedInputs sorted;
  const auto fail = [&](const fs::path& input, ErrorCode code, const std::string& why) {
    sorted.failures.push_back({input, code, input.string() + ": " + why});
  };
  for (const fs::path& input : inputs) {
    std::error_code status;
    if (fs::is_directory(input, status)) {
      const auto nifti = nifti_files_in(input);
      const bool has_dicom = imaging::first_dicom_file(input).has_value();
      if (has_dicom) sorted.dicom_folders.push_back(input);
      sorted.images.insert(sorted.images.end(), nifti.begin(), nifti.end());
      if (!has_dicom && nifti.empty()) fail(input, ErrorCode::kNotFound, "holds neither DICOM nor NIfTI files");
    } else if (!fs::exists(input, status)) {
      fail(input, ErrorCode::kNotFound, status ? "cannot be opened: " + status.message() : "no such file or folder");
    } else if (imaging::is_image_name(input)) {
      sorted.images.push_back(input);
    } else if (imaging::is_dicom_file(input)) {
      sorted.dicom_files.push_back(input);
    } else {
      fail(input, ErrorCode::kUnsupported, "neither DICOM nor NIfTI (.nii, .nii.gz, .hdr), NRRD or MetaImage");
    }
  }
  return sorted;
}

ScanInspection inspect_scans(const std::vector<fs::path>& inputs) {
  SortedInputs sorted = sort_inputs(inputs);
  ScanInspection result;
  result.failures = std::move(sorted.failures);
  for (const fs::path& file : sorted.images) {
    try {
      result.files.push_back({file, imaging::inspect_image(file)});
    } catch (const Error& error) {  // the other files are still worth a look
      result.failures.push_back({file, error.code(), error.what()});
    }
  }
  for (const fs::path& folder : sorted.dicom_folders) result.studies.push_back({folder, imaging::scan_study(folder)});
  if (!sorted.dicom_files.empty())
    result.studies.push_back({sorted.dicom_files.front(), imaging::scan_files(sorted.dicom_files)});
  return result;
}

std::string to_text(const ScanInspection& inspection) {
  std::string text;
  for (const auto& file : inspection.files) text += text_of(file);
  for (const auto& dicom : inspection.studies) text += text_of(dicom);
  return text;
}

Json to_json(const ScanInspection& inspection) {
  Json files = Json::array(), studies = Json::array();
  for (const auto& file : inspection.files) files.push_back(json_of(file));
  for (const auto& failure : inspection.failures)
    files.push_back(
        {{"file", failure.input.string()}, {"error", {{"code", static_cast<int>(failure.code)}, {"message", failure.message}}}});
  for (const auto& dicom : inspection.studies) studies.push_back(json_of(dicom));
  return {{"schema", "consilium.inspect/1"}, {"files", files}, {"studies", studies}};
}

}  // namespace consilium::pipelines
