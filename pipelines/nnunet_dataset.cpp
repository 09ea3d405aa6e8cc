#include "pipelines/nnunet_dataset.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>

#include "base/files.h"
#include "base/progress.h"

namespace consilium::pipelines {
namespace {

struct ImageName {
  std::string name, number, ending;  ///< "01", "0002", ".nii.gz"
};

/// CASE_0002.nii.gz; nothing for any other name.
std::optional<ImageName> parse_image_name(const fs::path& file) {
  std::string stem = file.filename().string();
  const std::size_t dot = stem.rfind(".nii");
  if (dot == std::string::npos) return std::nullopt;
  const std::string ending = stem.substr(dot);
  stem.resize(dot);
  if (stem.size() < 6 || stem[stem.size() - 5] != '_') return std::nullopt;
  const std::string number = stem.substr(stem.size() - 4);
  if (!std::all_of(number.begin(), number.end(), [](unsigned char c) { return std::isdigit(c) != 0; })) return std::nullopt;
  return ImageName{stem.substr(0, stem.size() - 5), number, ending};
}

using Channels = std::map<std::string, std::string>;  ///< "0" -> "T1"

/// What was written, and the ending that all share.
struct Images {
  Channels channels;
  std::string ending;
};

Images images_of(std::vector<ConvertReport::Written>& written) {
  Images images;
  for (ConvertReport::Written& w : written) {
    if (!w.is_dicom || w.channel.empty()) continue;
    const auto name = parse_image_name(w.output);
    if (!name) {
      w.notes.push_back("note: nnU-Net has no name for a second " + w.channel + " of one patient: it is no part of the data set");
      continue;
    }
    const std::string number = std::to_string(std::stoi(name->number));
    const std::string& known = images.channels.emplace(number, w.channel).first->second;
    require(known == w.channel, ErrorCode::kMismatch,
            "nnU-Net's channel " + number + " would be " + known + " and " + w.channel + ": dataset.json was not written; convert them into folders of their own");
    images.ending = name->ending;
  }
  return images;
}

/// The channels of each case of a folder, by number.
std::map<std::string, std::set<std::string>> cases_in(const fs::path& folder, const std::string& ending) {
  std::map<std::string, std::set<std::string>> cases;
  if (!fs::is_directory(folder)) return cases;
  for (const auto& entry : fs::directory_iterator(folder))
    if (const auto name = parse_image_name(entry.path()); name && name->ending == ending) cases[name->name].insert(std::to_string(std::stoi(name->number)));
  return cases;
}

Json existing_or_new(const fs::path& file, const Images& images) {
  if (!fs::exists(file)) return {{"channel_names", Json::object()}, {"labels", {{"background", 0}}}, {"numTraining", 0}, {"file_ending", images.ending}};
  Json dataset = read_json(file);
  require(dataset.is_object() && dataset.contains("channel_names") && dataset["channel_names"].is_object(), ErrorCode::kUsage,
          file.string() + ": expected an object \"channel_names\", as nnU-Net 2 writes it");
  const std::string ending = json_value<std::string>(dataset.value("file_ending", Json(images.ending)), file.string() + ": file_ending");
  require(ending == images.ending, ErrorCode::kMismatch, file.string() + ": says " + ending + " for images; these are " + images.ending);
  return dataset;
}

void warn_of_missing(const std::map<std::string, std::set<std::string>>& cases, const Json& channels) {
  std::string lacking;
  for (const auto& [name, numbers] : cases)
    if (numbers.size() < channels.size()) lacking += (lacking.empty() ? "" : ", ") + name;
  if (!lacking.empty()) log_warning("nnU-Net needs every channel of every case; some are missing of " + lacking);
}

}  // namespace

fs::path write_nnunet_dataset(std::vector<ConvertReport::Written>& written, const fs::path& output) {
  const Images images = images_of(written);
  if (images.channels.empty()) return {};
  const fs::path folder = (output / "").parent_path();
  const bool is_part = folder.filename() == "imagesTr" || folder.filename() == "imagesTs";
  const fs::path root = is_part ? fs::absolute(folder).parent_path() : folder, training = is_part ? root / "imagesTr" : folder;
  const fs::path file = root / "dataset.json";
  Json dataset = existing_or_new(file, images);
  for (const auto& [number, channel] : images.channels) {
    const Json& known = dataset["channel_names"].emplace(number, channel).first.value();
    require(known == channel, ErrorCode::kMismatch, file.string() + ": channel " + number + " is " + known.dump() + ", and would be " + channel);
  }
  const auto cases = cases_in(training, images.ending);
  dataset["numTraining"] = cases.size();
  dataset["file_ending"] = images.ending;
  warn_of_missing(cases, dataset["channel_names"]);
  write_file(file, dataset.dump(2) + "\n", Durability::kKill);
  return file;
}

}  // namespace consilium::pipelines
