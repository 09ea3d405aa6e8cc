#include "imaging/dicom/sidecar.h"

#include <cctype>

#include "imaging/dicom/classify.h"
#include "imaging/dicom/parse.h"
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
    {DCM_Units, "Units", Kind::kText},
    {DCM_DecayCorrection, "DecayCorrection", Kind::kText},
    {DCM_CorrectedImage, "CorrectedImage", Kind::kWords},
    {DCM_AttenuationCorrectionMethod, "AttenuationCorrectionMethod", Kind::kText},
    {DCM_ReconstructionMethod, "ReconstructionMethod", Kind::kText},
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

}  // namespace

Json to_sidecar(const Series& series) {
  const ParsedDicom parsed = parse_dicom(series.header().file, DicomPart::kHeader);
  Json sidecar = Json::object();
  for (const Entry& entry : kEntries)
    if (Json value = value_of(parsed.dataset(), entry); !value.is_null()) sidecar[entry.key] = std::move(value);
  if (!series.header().manufacturer.empty()) sidecar["Manufacturer"] = maker(series.header().manufacturer);
  const SeriesClass what = classify(series);
  sidecar["Consilium"] = {{"Channel", what.channel.empty() ? Json() : Json(what.channel)}, {"Evidence", what.evidence}};
  if (!series.part.empty()) sidecar["Consilium"]["Part"] = series.part;
  if (series.volume > 0) sidecar["Consilium"]["Volume"] = series.volume;
  sidecar["ConversionSoftware"] = "consilium";
  return sidecar;
}

}  // namespace consilium::imaging
