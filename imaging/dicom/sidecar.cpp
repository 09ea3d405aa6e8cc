#include "imaging/dicom/sidecar.h"

#include <cctype>
#include <cstdlib>

#include "imaging/dicom/classify.h"
#include "imaging/dicom/csa.h"
#include "imaging/dicom/parse.h"
#include "imaging/dicom/private_tags.h"
#include "imaging/dicom/values.h"

namespace consilium::imaging {
namespace {

enum class Kind { kText, kFreeText, kJoined, kWords, kNumber, kInteger, kNumbers, kSeconds };

struct Entry {
  DcmTagKey tag;
  const char* key;
  Kind kind;
};

const Entry kEntries[] = {
    {DCM_Modality, "Modality", Kind::kText},
    {DCM_MagneticFieldStrength, "MagneticFieldStrength", Kind::kNumber},
    {DCM_ImagingFrequency, "ImagingFrequency", Kind::kNumber},
    {DCM_ManufacturerModelName, "ManufacturersModelName", Kind::kText},
    {DCM_SoftwareVersions, "SoftwareVersions", Kind::kText},
    {DCM_BodyPartExamined, "BodyPartExamined", Kind::kText},
    {DCM_PatientPosition, "PatientPosition", Kind::kText},
    {DCM_SeriesDescription, "SeriesDescription", Kind::kFreeText},
    {DCM_ProtocolName, "ProtocolName", Kind::kFreeText},
    {DCM_SeriesNumber, "SeriesNumber", Kind::kInteger},
    {DCM_ImageType, "ImageType", Kind::kWords},
    {DCM_ScanningSequence, "ScanningSequence", Kind::kJoined},
    {DCM_SequenceVariant, "SequenceVariant", Kind::kJoined},
    {DCM_ScanOptions, "ScanOptions", Kind::kJoined},
    {DCM_SequenceName, "SequenceName", Kind::kText},
    {DCM_MRAcquisitionType, "MRAcquisitionType", Kind::kText},
    {DCM_EchoNumbers, "EchoNumber", Kind::kInteger},
    {DCM_EchoTime, "EchoTime", Kind::kSeconds},
    {DCM_RepetitionTime, "RepetitionTime", Kind::kSeconds},
    {DCM_InversionTime, "InversionTime", Kind::kSeconds},
    {DCM_FlipAngle, "FlipAngle", Kind::kNumber},
    {DCM_EchoTrainLength, "EchoTrainLength", Kind::kInteger},
    {DCM_PixelBandwidth, "PixelBandwidth", Kind::kNumber},
    {DCM_NumberOfAverages, "NumberOfAverages", Kind::kNumber},
    {DCM_SliceThickness, "SliceThickness", Kind::kNumber},
    {DCM_SpacingBetweenSlices, "SpacingBetweenSlices", Kind::kNumber},
    {DCM_ImageOrientationPatient, "ImageOrientationPatientDICOM", Kind::kNumbers},
    {DCM_ContrastBolusAgent, "ContrastBolusAgent", Kind::kFreeText},
    {DCM_KVP, "KVP", Kind::kNumber},
    {DCM_XRayTubeCurrent, "XRayTubeCurrent", Kind::kNumber},
    {DCM_ConvolutionKernel, "ConvolutionKernel", Kind::kText},
    {DCM_GantryDetectorTilt, "GantryDetectorTilt", Kind::kNumber},
    {DCM_AcquisitionNumber, "AcquisitionNumber", Kind::kInteger},
    {DCM_ExposureTime, "ExposureTime", Kind::kSeconds},
    {DCM_Exposure, "XRayExposure", Kind::kNumber},
    {DCM_SAR, "SAR", Kind::kNumber},
    {DCM_PercentPhaseFieldOfView, "PercentPhaseFOV", Kind::kNumber},
    {DCM_PercentSampling, "PercentSampling", Kind::kNumber},
    {DCM_NumberOfPhaseEncodingSteps, "PhaseEncodingSteps", Kind::kInteger},
    {DCM_AcquisitionDuration, "AcquisitionDuration", Kind::kNumber},
    {DCM_ParallelReductionFactorInPlane, "ParallelReductionFactorInPlane", Kind::kNumber},
    {DCM_Units, "Units", Kind::kText},
    {DCM_ActualFrameDuration, "FrameDuration", Kind::kSeconds},
    {DCM_Radiopharmaceutical, "Radiopharmaceutical", Kind::kText},
    {DCM_RadionuclideTotalDose, "RadionuclideTotalDose", Kind::kNumber},
    {DCM_RadionuclideHalfLife, "RadionuclideHalfLife", Kind::kNumber},
    {DCM_RadionuclidePositronFraction, "RadionuclidePositronFraction", Kind::kNumber},
    {DCM_DecayCorrection, "DecayCorrection", Kind::kText},
    {DCM_CorrectedImage, "CorrectedImage", Kind::kWords},
    {DCM_AttenuationCorrectionMethod, "AttenuationCorrectionMethod", Kind::kText},
    {DCM_ReconstructionMethod, "ReconstructionMethod", Kind::kText},
    // Enhanced images have names of their own for these. What stands above comes first.
    {DCM_EffectiveEchoTime, "EchoTime", Kind::kSeconds},
    {DCM_InversionTimes, "InversionTime", Kind::kSeconds},
    {DCM_PulseSequenceName, "SequenceName", Kind::kText},
    {DCM_RFEchoTrainLength, "EchoTrainLength", Kind::kInteger},
    {DCM_XRayTubeCurrentInmA, "XRayTubeCurrent", Kind::kNumber},
};

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : "_") + word;
  return text;
}

/// null when the attribute is absent or empty.
Json value_of(DcmItem& item, const Entry& entry) {
  const auto text = [](std::string value) { return value.empty() ? Json() : Json(std::move(value)); };
  const auto number = number_of(item, entry.tag);
  switch (entry.kind) {
    case Kind::kText:
      return text(text_of(item, entry.tag));
    case Kind::kFreeText:
      return text(free_text_of(item, entry.tag));
    case Kind::kJoined:
      return text(joined(words_of(item, entry.tag)));
    case Kind::kWords: {
      const auto words = words_of(item, entry.tag);
      return words.empty() ? Json() : Json(words);
    }
    case Kind::kNumber:
      return number ? Json(*number) : Json();
    case Kind::kSeconds:
      return number ? Json(*number / 1000) : Json();
    case Kind::kInteger: {
      const auto whole = integer_of(item, entry.tag);
      return whole ? Json(*whole) : Json();
    }
    case Kind::kNumbers:
      break;
  }
  Json list = Json::array();
  for (unsigned long n = 0; n < 16; ++n)
    if (const auto value = number_of(item, entry.tag, n)) list.push_back(*value);
  return list.empty() ? Json() : list;
}

/// Names as in BIDS: "GE MEDICAL SYSTEMS" is "GE".
std::string maker(const std::string& manufacturer) {
  std::string lower;
  for (const char c : manufacturer) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const auto& [part, name] :
       {std::pair{"siemens", "Siemens"}, {"philips", "Philips"}, {"canon", "Canon"}, {"toshiba", "Toshiba"}, {"uih", "UIH"}})
    if (lower.find(part) != std::string::npos) return name;
  return lower.starts_with("ge ") || lower == "ge" ? "GE" : manufacturer;
}

/// Where the attributes of a slice may stand: the data set, and the functional groups of its frame.
std::vector<DcmItem*> places_of(DcmItem& data_set, const DicomHeader& h) {
  std::vector<DcmItem*> places{&data_set};
  DcmItem* agent = nullptr;
  if (data_set.findAndGetSequenceItem(DCM_RadiopharmaceuticalInformationSequence, agent, 0).good() && agent != nullptr)
    places.push_back(agent);
  if (!is_enhanced(h)) return places;
  for (const auto& [sequence, index] : {std::pair{DCM_PerFrameFunctionalGroupsSequence, static_cast<long>(h.frame)},
                                        std::pair{DCM_SharedFunctionalGroupsSequence, 0L}}) {
    DcmItem* groups = nullptr;
    if (data_set.findAndGetSequenceItem(sequence, groups, index).bad() || groups == nullptr) continue;
    for (DcmObject* next = groups->nextInContainer(nullptr); next != nullptr; next = groups->nextInContainer(next)) {
      auto* group = dynamic_cast<DcmSequenceOfItems*>(next);
      if (group != nullptr && group->card() > 0) places.push_back(group->getItem(0));
    }
  }
  return places;
}

/// "i", "j" and with "-" by the side that lies at higher indices of the written image, whose rows are not turned.
/// Source: BIDS 1.9, PhaseEncodingDirection.
void put_phase_encoding(DcmItem& item, const DicomHeader& h, Json& sidecar) {
  const std::string axis = text_of(item, DCM_InPlanePhaseEncodingDirection);
  if (axis != "ROW" && axis != "COL" && axis != "COLUMN") return;
  sidecar["InPlanePhaseEncodingDirectionDICOM"] = axis == "ROW" ? "ROW" : "COL";
  const std::string csa = private_bytes(item, {0x0029, "SIEMENS CSA HEADER", 0x10});
  const auto positive = csa_values(csa, "PhaseEncodingDirectionPositive"), bandwidth = csa_values(csa, "BandwidthPerPixelPhaseEncode");
  if (positive.empty()) return;
  sidecar["PhaseEncodingDirection"] = std::string(axis == "ROW" ? "i" : "j") + (positive[0] == "0" ? "-" : "");
  const double hertz = bandwidth.empty() ? 0 : std::strtod(bandwidth[0].c_str(), nullptr);
  const int lines = axis == "ROW" ? h.columns : h.rows;
  if (!(hertz > 0) || lines < 2) return;
  sidecar["BandwidthPerPixelPhaseEncode"] = hertz;
  sidecar["EffectiveEchoSpacing"] = 1 / (hertz * lines);
  sidecar["TotalReadoutTime"] = (lines - 1) / (hertz * lines);
}

/// Seconds, in the order of the written slices. null when not known.
Json slice_times(const Series& series) {
  const DicomHeader& h = series.header();
  if (h.slice_times_ms.size() != series.slices.size()) return {};
  // The slices were sorted by position, the times are in the order of the tiles.
  const int across = h.stored_columns / h.columns;
  Json times = Json::array();
  for (const DicomHeader& slice : series.slices) {
    const auto tile = static_cast<std::size_t>(slice.tile_row / slice.rows * across + slice.tile_column / slice.columns);
    times.push_back(h.slice_times_ms.at(tile) / 1000);
  }
  return times;
}

void put_philips_scale(const std::vector<DcmItem*>& places, const DicomHeader& h, Json& sidecar) {
  if (!h.philips_scale) return;
  sidecar["PhilipsScaleSlope"] = *h.philips_scale;
  sidecar["UsePhilipsFloatNotDisplayScaling"] = 1;
  for (DcmItem* place : places) {
    if (const auto slope = number_of(*place, DCM_RescaleSlope)) sidecar["PhilipsRescaleSlope"] = *slope;
    if (const auto inter = number_of(*place, DCM_RescaleIntercept)) sidecar["PhilipsRescaleIntercept"] = *inter;
  }
}

}  // namespace

Json to_sidecar(const Series& series, const Series* second) {
  const DicomHeader& h = series.header();
  const ParsedDicom parsed = parse_dicom(h.file);
  Json sidecar = Json::object();
  const std::vector<DcmItem*> places = places_of(*parsed.data_set, h);
  for (const Entry& entry : kEntries)
    for (DcmItem* place : places) {
      if (sidecar.contains(entry.key)) break;
      if (Json value = value_of(*place, entry); !value.is_null()) sidecar[entry.key] = std::move(value);
    }
  if (!h.image_type.empty()) sidecar["ImageType"] = h.image_type;
  if (!h.manufacturer.empty()) sidecar["Manufacturer"] = maker(h.manufacturer);
  put_philips_scale(places, h, sidecar);
  put_phase_encoding(*parsed.data_set, h, sidecar);
  if (Json times = slice_times(second != nullptr ? *second : series); !times.is_null()) sidecar["SliceTiming"] = std::move(times);
  const SeriesClass what = classify(series);
  sidecar["Consilium"] = {{"Channel", what.channel.empty() ? Json() : Json(what.channel)}, {"Evidence", what.evidence}};
  if (!series.part.empty()) sidecar["Consilium"]["Part"] = series.part;
  if (series.volume > 0) sidecar["Consilium"]["Volume"] = series.volume;
  sidecar["ConversionSoftware"] = "consilium";
  return sidecar;
}

}  // namespace consilium::imaging
