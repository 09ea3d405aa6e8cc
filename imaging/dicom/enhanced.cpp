#include "imaging/dicom/enhanced.h"

#include <algorithm>

#include "base/error.h"
#include "imaging/dicom/plane.h"
#include "imaging/dicom/private_tags.h"
#include "imaging/dicom/values.h"
#include "imaging/dicom/vendor.h"

namespace consilium::imaging {
namespace {

DcmItem* first_item(DcmItem* item, const DcmTagKey& sequence) {
  DcmItem* found = nullptr;
  if (item == nullptr || item->findAndGetSequenceItem(sequence, found, 0).bad()) return nullptr;
  return found;
}

/// The functional groups of one frame.
class Groups {
 public:
  Groups(DcmItem* frame, DcmItem* shared) : frame_(frame), shared_(shared) {}

  DcmItem* group(const DcmTagKey& sequence) const {
    DcmItem* found = first_item(frame_, sequence);
    return found != nullptr ? found : first_item(shared_, sequence);
  }
  std::optional<double> number(const DcmTagKey& sequence, const DcmTagKey& tag, unsigned long index = 0) const {
    DcmItem* found = group(sequence);
    return found != nullptr ? number_of(*found, tag, index) : std::nullopt;
  }

 private:
  DcmItem *frame_, *shared_;
};

/// Which of the Dimension Index Values tell volumes apart: not those that count slices.
std::vector<bool> volume_dimensions(DcmItem& data_set) {
  std::vector<bool> wanted;
  DcmSequenceOfItems* dimensions = nullptr;
  if (data_set.findAndGetSequence(DCM_DimensionIndexSequence, dimensions).bad() || dimensions == nullptr) return wanted;
  for (DcmObject* next = dimensions->nextInContainer(nullptr); next != nullptr; next = dimensions->nextInContainer(next)) {
    DcmTagKey pointer;
    auto* item = dynamic_cast<DcmItem*>(next);
    DcmElement* element = item == nullptr ? nullptr : element_of(*item, DCM_DimensionIndexPointer);
    if (element == nullptr || element->getTagVal(pointer).bad())
      pointer = DCM_InStackPositionNumber;
    wanted.push_back(pointer != DCM_InStackPositionNumber && pointer != DCM_ImagePositionPatient &&
                     pointer != DCM_PlanePositionSequence);
  }
  return wanted;
}

void read_content(const Groups& groups, const std::vector<bool>& volume_dimension, DicomHeader& h) {
  DcmItem* content = groups.group(DCM_FrameContentSequence);
  if (content == nullptr) return;
  h.stack = text_of(*content, DCM_StackID);
  h.temporal_position = integer_of(*content, DCM_TemporalPositionIndex);
  if (const auto number = integer_of(*content, DCM_FrameAcquisitionNumber)) h.acquisition_number = number;
  h.frame_key.clear();
  for (std::size_t d = 0; d < volume_dimension.size(); ++d)
    if (volume_dimension[d])
      h.frame_key.push_back(static_cast<int>(number_of(*content, DCM_DimensionIndexValues, d).value_or(0)));
}

void read_plane(const Groups& groups, DicomHeader& h) {
  DcmItem *place = groups.group(DCM_PlanePositionSequence), *side = groups.group(DCM_PlaneOrientationSequence),
          *measures = groups.group(DCM_PixelMeasuresSequence);
  if (place == nullptr || side == nullptr || measures == nullptr) return;
  h.has_geometry = set_plane(*place, *side, *measures, h);
  set_thickness(*measures, h);
}

void read_type(const Groups& groups, DicomHeader& h) {
  for (const DcmTagKey& key : {DCM_MRImageFrameTypeSequence, DCM_CTImageFrameTypeSequence, DCM_PETFrameTypeSequence}) {
    DcmItem* type = groups.group(key);
    if (type == nullptr) continue;
    if (auto words = words_of(*type, DCM_FrameType); !words.empty()) h.image_type = std::move(words);
    if (const std::string component = text_of(*type, DCM_ComplexImageComponent);
        !component.empty() && std::find(h.image_type.begin(), h.image_type.end(), component) == h.image_type.end())
      h.image_type.push_back(component);
  }
}

void read_timing(const Groups& groups, DicomHeader& h) {
  const auto set = [](std::optional<double>& target, std::optional<double> value) {
    if (value) target = value;
  };
  set(h.te_ms, groups.number(DCM_MREchoSequence, DCM_EffectiveEchoTime));
  set(h.tr_ms, groups.number(DCM_MRTimingAndRelatedParametersSequence, DCM_RepetitionTime));
  set(h.flip_degrees, groups.number(DCM_MRTimingAndRelatedParametersSequence, DCM_FlipAngle));
  set(h.ti_ms, groups.number(DCM_MRModifierSequence, DCM_InversionTimes));
}

void read_diffusion(const Groups& groups, DicomHeader& h) {
  DcmItem* diffusion = groups.group(DCM_MRDiffusionSequence);
  if (diffusion == nullptr) return;
  std::optional<Vec3> gradient;
  if (DcmItem* direction = first_item(diffusion, DCM_DiffusionGradientDirectionSequence))
    gradient = vector_of(*direction, DCM_DiffusionGradientOrientation);
  auto b = number_of(*diffusion, DCM_DiffusionBValue);
  const std::string directionality = text_of(*diffusion, DCM_DiffusionDirectionality);
  h.is_isotropic = directionality == "ISOTROPIC";
  if (!b && directionality == "NONE") b = 0;
  set_diffusion(h, b, gradient);
}

void read_scale(DcmItem& frame, const Groups& groups, DicomHeader& h) {
  if (const auto slope = groups.number(DCM_PixelValueTransformationSequence, DCM_RescaleSlope)) h.slope = *slope, h.tables.modality = nullptr;
  if (const auto inter = groups.number(DCM_PixelValueTransformationSequence, DCM_RescaleIntercept)) h.intercept = *inter;
  DcmItem* philips = private_item(frame, {0x2005, "Philips MR Imaging DD", 0x0F});
  apply_philips_scale(philips != nullptr ? *philips : frame, h);
}

}  // namespace

std::vector<DicomHeader> frames_of(DcmItem& data_set, const DicomHeader& file) {
  DcmItem* shared = first_item(&data_set, DCM_SharedFunctionalGroupsSequence);
  DcmSequenceOfItems* per_frame = nullptr;
  const bool found = data_set.findAndGetSequence(DCM_PerFrameFunctionalGroupsSequence, per_frame).good() && per_frame != nullptr;
  const std::size_t count = found ? per_frame->card() : 0;
  require(count >= static_cast<std::size_t>(std::max(file.frames, 1)), ErrorCode::kCorruptData,
          file.file.string() + ": " + std::to_string(file.frames) + " frames, but functional groups (5200,9230) of " +
              std::to_string(count));
  const std::vector<bool> volume_dimension = volume_dimensions(data_set);
  std::vector<DicomHeader> frames;
  DcmObject* next = nullptr;
  for (int n = 0; n < file.frames; ++n) {
    next = per_frame->nextInContainer(next);
    auto* item = dynamic_cast<DcmItem*>(next);
    if (item == nullptr) break;
    const Groups groups(item, shared);
    DicomHeader h = file;
    h.frame = n;
    read_content(groups, volume_dimension, h);
    read_plane(groups, h);
    read_type(groups, h);
    read_timing(groups, h);
    read_diffusion(groups, h);
    read_scale(*item, groups, h);
    frames.push_back(std::move(h));
  }
  return frames;
}

}  // namespace consilium::imaging
