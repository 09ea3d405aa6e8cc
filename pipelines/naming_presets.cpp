#include "pipelines/naming_presets.h"

#include <algorithm>
#include <map>

#include "imaging/dicom/classify.h"

namespace consilium::pipelines {
namespace {

bool has(const std::vector<std::string>& words, const char* word) { return std::find(words.begin(), words.end(), word) != words.end(); }

std::optional<std::string> find(const std::map<std::string, std::string>& names, const std::string& channel) {
  const auto place = names.find(channel);
  return place == names.end() ? std::nullopt : std::optional(place->second);
}

std::optional<std::string> bids(const imaging::Series& series, const std::string& channel) {
  static const std::map<std::string, std::string> kSuffix{
      {"T1", "anat/{bids}_T1w"}, {"T1ce", "anat/{bids}_ce-contrast_T1w"}, {"T2", "anat/{bids}_T2w"}, {"FLAIR", "anat/{bids}_FLAIR"},
      {"PET", "pet/{bids}_pet"}, {"CT", "ct/{bids}_ct"}};
  std::optional<std::string> end = find(kSuffix, channel);
  const imaging::DicomHeader& h = series.header();
  if (!end && h.modality == "MR" && series.volume > 0) {
    if (h.b_value) end = "dwi/{bids}_dwi";
    if (!h.b_value && has(h.scanning_sequence, "EP")) end = "func/{bids}_task-unknown_bold";
  }
  if (!end) return std::nullopt;
  end->replace(end->find("{bids}"), 6, "sub-{subject}_ses-{session}");
  return "sub-{subject}/ses-{session}/" + *end;
}

}  // namespace

bool is_naming_preset(std::string_view name) { return name == "bids" || name == "nnunet" || name == "brats"; }

std::optional<std::string> preset_template(std::string_view preset, const imaging::Series& series) {
  static const std::map<std::string, std::string> kNnunet{{"T1", "0000"},    {"T1ce", "0001"}, {"T2", "0002"},
                                                          {"FLAIR", "0003"}, {"CT", "0000"},   {"PET", "0001"}};
  static const std::map<std::string, std::string> kBrats{{"T1", "t1n"}, {"T1ce", "t1c"}, {"T2", "t2w"}, {"FLAIR", "t2f"}};
  const std::string channel = imaging::classify(series).channel;
  if (preset == "bids") return bids(series, channel);
  const auto end = find(preset == "nnunet" ? kNnunet : kBrats, channel);
  if (!end) return std::nullopt;
  return preset == "nnunet" ? "{subject}_" + *end : "{subject}/{subject}-" + *end;
}

}  // namespace consilium::pipelines
