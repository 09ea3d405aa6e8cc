#include "imaging/dicom/plain_frames.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

#include "base/error.h"
#include "imaging/dicom/items.h"
#include "imaging/dicom/plane.h"
#include "imaging/dicom/values.h"
#include "imaging/vec3.h"

namespace consilium::imaging {
namespace {

/// What Frame Increment Pointer (0028,0009) says that frames differ in.
std::set<DcmTagKey> increments_of(DcmItem& data_set) {
  std::set<DcmTagKey> tags;
  DcmElement* element = element_of(data_set, DCM_FrameIncrementPointer);
  if (element == nullptr) return tags;
  for (unsigned long n = 0; n < element->getVM(); ++n)
    if (DcmTagKey tag; element->getTagVal(tag, n).good()) tags.insert(tag);
  return tags;
}

/// All at once: a value of a long text by its number would be looked for from the beginning each time.
std::vector<double> numbers_of(DcmItem& item, const DcmTagKey& tag) {
  std::vector<double> numbers;
  for (const std::string& word : words_of(item, tag)) {
    char* end = nullptr;
    const double number = std::strtod(word.c_str(), &end);
    if (end == word.c_str() || !std::isfinite(number)) break;
    numbers.push_back(number);
  }
  return numbers;
}

/// One number per frame. @throws Error{kCorruptData}
std::vector<int> indices_of(DcmItem& data_set, const DcmTagKey& tag, const char* name, int frames) {
  std::vector<int> indices;
  for (const double number : numbers_of(data_set, tag)) {
    if (!(number >= 0 && number < 1e6)) break;
    indices.push_back(static_cast<int>(number));
  }
  require(indices.size() >= static_cast<std::size_t>(frames), ErrorCode::kCorruptData,
          std::string(name) + " has " + std::to_string(indices.size()) + " values for " + std::to_string(frames) + " frames");
  return indices;
}

void move_along_normal(DicomHeader& h, double distance_mm) {
  const Vec3 normal = cross(h.row, h.column);
  for (std::size_t a = 0; a < 3; ++a) h.position_mm[a] += distance_mm * normal[a];
}

std::string missing_spacing(int frames) {
  return std::to_string(frames) + " frames, and no Spacing Between Slices (0018,0088): nothing tells how far apart they lie";
}

/// The frames of a nuclear medicine image.
class NuclearFrames {
 public:
  NuclearFrames(DcmItem& data_set, const DicomHeader& file) : data_set_(data_set), file_(file), increments_(increments_of(data_set)) {
    const std::string kind = file.image_type.size() > 2 ? file.image_type[2] : "";
    require(!has(DCM_AngularViewVector) && (kind.starts_with("RECON") || (kind.empty() && has(DCM_SliceVector))), ErrorCode::kUnsupported,
            "projections of nuclear medicine (Image Type (0008,0008) " + (kind.empty() ? "does not say RECON" : "is " + kind) + "), not slices");
    detectors_ = items_of(data_set, DCM_DetectorInformationSequence);
    slice_ = has(DCM_SliceVector) ? indices(DCM_SliceVector, "Slice Vector (0054,0080)") : std::vector<int>{};
    detector_ = has(DCM_DetectorVector) ? indices(DCM_DetectorVector, "Detector Vector (0054,0020)") : std::vector<int>{};
    read_times();
  }

  std::vector<DicomHeader> all() {
    const auto spacing = number_of(data_set_, DCM_SpacingBetweenSlices);
    std::vector<DicomHeader> frames;
    for (int n = 0; n < file_.frames; ++n) {
      DicomHeader h = file_;
      h.frame = n;
      h.has_geometry = set_place(n, h);
      if (const int step = slice_.empty() ? 0 : slice_[at(n)] - 1; step != 0 && h.has_geometry) {
        require(spacing && *spacing != 0, ErrorCode::kUnsupported, missing_spacing(file_.frames));
        move_along_normal(h, step * *spacing);
      }
      for (const auto& time : times_) h.frame_key.push_back(time[at(n)]);
      frames.push_back(std::move(h));
    }
    return frames;
  }

 private:
  static std::size_t at(int n) { return static_cast<std::size_t>(n); }
  bool has(const DcmTagKey& tag) const { return increments_.contains(tag); }
  std::vector<int> indices(const DcmTagKey& tag, const char* name) { return indices_of(data_set_, tag, name, file_.frames); }

  void read_times() {
    const std::pair<DcmTagKey, const char*> vectors[] = {{DCM_EnergyWindowVector, "Energy Window Vector (0054,0010)"},
                                                         {DCM_PhaseVector, "Phase Vector (0054,0030)"},
                                                         {DCM_RRIntervalVector, "R-R Interval Vector (0054,0060)"},
                                                         {DCM_TimeSlotVector, "Time Slot Vector (0054,0070)"},
                                                         {DCM_TimeSliceVector, "Time Slice Vector (0054,0100)"}};
    for (const auto& [tag, name] : vectors)
      if (has(tag)) times_.push_back(indices(tag, name));
  }

  /// Old files say it at the top.
  bool set_place(int n, DicomHeader& h) {
    const int number = detector_.empty() ? 1 : detector_[at(n)];
    DcmItem* detector = number >= 1 && at(number) <= detectors_.size() ? detectors_[at(number) - 1] : nullptr;
    const auto holder = [&](const DcmTagKey& tag) -> DcmItem& {
      return detector != nullptr && detector->tagExistsWithValue(tag) ? *detector : data_set_;
    };
    return set_plane(holder(DCM_ImagePositionPatient), holder(DCM_ImageOrientationPatient), data_set_, h);
  }

  DcmItem& data_set_;
  const DicomHeader& file_;
  std::set<DcmTagKey> increments_;
  std::vector<DcmItem*> detectors_;
  std::vector<int> slice_, detector_;
  std::vector<std::vector<int>> times_;
};

bool is_in_time(const std::set<DcmTagKey>& increments) {
  return !increments.empty() && std::all_of(increments.begin(), increments.end(), [](const DcmTagKey& tag) { return tag == DCM_FrameTime || tag == DCM_FrameTimeVector; });
}

/// Where Slice Location Vector (0018,2005) gives distances, all must be the spacing: it has no direction of its own.
void require_even_locations(DcmItem& data_set, int frames, double spacing) {
  constexpr double kRounding = 0.02;
  const std::vector<double> locations = numbers_of(data_set, DCM_SliceLocationVector);
  for (std::size_t n = 1; n < static_cast<std::size_t>(frames); ++n)
    require(n < locations.size() && std::abs(std::abs(locations[n] - locations[n - 1]) - spacing) <= kRounding * spacing, ErrorCode::kUnsupported,
            "Slice Location Vector (0018,2005) contradicts Spacing Between Slices (0018,0088) at frame " + std::to_string(n + 1));
}

std::vector<DicomHeader> stacked(DcmItem& data_set, const DicomHeader& file) {
  const auto increments = increments_of(data_set);
  const bool in_time = is_in_time(increments);
  double spacing = 0;
  if (file.has_geometry && !in_time) {
    spacing = number_of(data_set, DCM_SpacingBetweenSlices).value_or(0);
    require(spacing != 0, ErrorCode::kUnsupported, missing_spacing(file.frames));
    // Only nuclear medicine says what its sign means.
    require(spacing > 0, ErrorCode::kUnsupported, "Spacing Between Slices (0018,0088) is negative: nothing tells to which side the frames lie");
    if (increments.contains(DCM_SliceLocationVector)) require_even_locations(data_set, file.frames, spacing);
  }
  std::vector<DicomHeader> frames;
  for (int n = 0; n < file.frames; ++n) {
    DicomHeader h = file;
    h.frame = n;
    if (in_time) h.frame_key = {n};
    move_along_normal(h, n * spacing);
    frames.push_back(std::move(h));
  }
  return frames;
}

}  // namespace

bool has_frame_groups(DcmItem& data_set) { return data_set.tagExistsWithValue(DCM_PerFrameFunctionalGroupsSequence); }

std::vector<DicomHeader> plain_frames_of(DcmItem& data_set, const DicomHeader& file) {
  // A frame takes more than a kilobyte of memory; without functional groups it costs the file no more than its pixels.
  constexpr std::uint64_t kBytesPerFrame = 128, kAlways = 1000;
  require(static_cast<std::uint64_t>(file.frames) <= file.file_bytes / kBytesPerFrame + kAlways, ErrorCode::kCorruptData,
          "Number of Frames (0028,0008) is " + std::to_string(file.frames) + " in a file of " + std::to_string(file.file_bytes) + " bytes");
  if (file.sop_class_uid == UID_NuclearMedicineImageStorage) return NuclearFrames(data_set, file).all();
  if (file.frames == 1) return {file};
  return stacked(data_set, file);
}

}  // namespace consilium::imaging
