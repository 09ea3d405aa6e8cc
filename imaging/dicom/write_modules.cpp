#include "imaging/dicom/write_modules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/error.h"
#include "imaging/dicom/uid.h"

namespace consilium::imaging {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : "\\") + word;
  return text;
}

/// "HHMMSS" of a minute of the day.
std::string clock_time(int minute) { return fmt::format("{:02}{:02}00", minute / 60 % 24, minute % 60); }

int start_minute(const StudyTags& study, const SeriesTags& series) { return study.start_minute + 8 * series.number; }

DcmItem& only_item(DcmItem& parent, const DcmTagKey& tag) {
  DcmItem* item = nullptr;
  require(parent.findOrCreateSequenceItem(tag, item, 0).good() && item != nullptr, ErrorCode::kUnexpected,
          "DICOM: a sequence could not be made");
  return *item;
}

void put_code(DcmItem& parent, const DcmTagKey& sequence, const char* value, const char* scheme, const char* meaning) {
  DcmItem& item = only_item(parent, sequence);
  put(item, DCM_CodeValue, value);
  put(item, DCM_CodingSchemeDesignator, scheme);
  put(item, DCM_CodeMeaning, meaning);
}

void put_contrast(DcmItem& item, const std::string& agent) {
  if (agent.empty()) return;
  put(item, DCM_ContrastBolusAgent, agent);
  put(item, DCM_ContrastBolusRoute, "IV");
}

void put_modality(DcmItem& item, const MrTags& mr, const StudyTags&, const SeriesTags&) {
  put(item, DCM_ScanningSequence, mr.scanning_sequence);
  put(item, DCM_SequenceVariant, mr.sequence_variant);
  put(item, DCM_ScanOptions, mr.scan_options);
  put(item, DCM_MRAcquisitionType, mr.is_3d ? "3D" : "2D");
  if (!mr.sequence_name.empty()) put(item, DCM_SequenceName, mr.sequence_name);
  put_numbers(item, DCM_RepetitionTime, {mr.tr_ms});
  put_numbers(item, DCM_EchoTime, {mr.te_ms});
  if (std::find(mr.scanning_sequence.begin(), mr.scanning_sequence.end(), "IR") != mr.scanning_sequence.end())
    put_numbers(item, DCM_InversionTime, {mr.ti_ms});
  put_numbers(item, DCM_NumberOfAverages, {1});
  constexpr double kProtonMhzPerTesla = 42.577478518;
  put_numbers(item, DCM_ImagingFrequency, {kProtonMhzPerTesla * mr.field_tesla});
  put(item, DCM_ImagedNucleus, "1H");
  put_numbers(item, DCM_EchoNumbers, {1});
  put_numbers(item, DCM_MagneticFieldStrength, {mr.field_tesla});
  put_numbers(item, DCM_EchoTrainLength, {static_cast<double>(mr.echo_train)});
  put(item, DCM_InPlanePhaseEncodingDirection, "COL");
  put_numbers(item, DCM_FlipAngle, {mr.flip_degrees});
}

void put_modality(DcmItem& item, const CtTags& ct, const StudyTags&, const SeriesTags&) {
  put_numbers(item, DCM_KVP, {ct.kvp});
  put_numbers(item, DCM_XRayTubeCurrent, {std::round(ct.tube_current_ma)});
  put_numbers(item, DCM_ExposureTime, {std::round(ct.exposure_ms)});
  put(item, DCM_ConvolutionKernel, ct.kernel);
  put_numbers(item, DCM_GantryDetectorTilt, {0});
  put_numbers(item, DCM_RescaleIntercept, {-1024});
  put_numbers(item, DCM_RescaleSlope, {1});
  put(item, DCM_RescaleType, "HU");
}

void put_modality(DcmItem& item, const PetTags& pet, const StudyTags& study, const SeriesTags& series) {
  put(item, DCM_Units, "GML");
  put(item, DCM_SUVType, "BW");
  put(item, DCM_CountsSource, "EMISSION");
  put(item, DCM_SeriesType, std::vector<std::string>{"STATIC", "IMAGE"});
  put(item, DCM_CorrectedImage, std::vector<std::string>{"DECY", "ATTN", "SCAT", "DTIM", "RAN", "NORM"});
  put(item, DCM_DecayCorrection, "START");
  put(item, DCM_CollimatorType, "NONE");
  put(item, DCM_RandomsCorrectionMethod, "DLYD");
  put(item, DCM_AttenuationCorrectionMethod, "CT");
  put(item, DCM_ScatterCorrectionMethod, "model based");
  put(item, DCM_ReconstructionMethod, "OSEM");
  put_numbers(item, DCM_FrameReferenceTime, {0});
  put_numbers(item, DCM_ActualFrameDuration, {std::round(pet.frame_seconds * 1000)});
  put_numbers(item, DCM_DecayFactor, {1});
  put_numbers(item, DCM_DoseCalibrationFactor, {1});
  put_numbers(item, DCM_RescaleIntercept, {0});

  DcmItem& isotope = only_item(item, DCM_RadiopharmaceuticalInformationSequence);
  constexpr double kFluorineHalfLifeSeconds = 6586.2, kFluorinePositronFraction = 0.967;
  put(isotope, DCM_Radiopharmaceutical, "Fluorodeoxyglucose");
  put(isotope, DCM_RadiopharmaceuticalStartTime, clock_time(start_minute(study, series) - pet.uptake_minutes));
  put_numbers(isotope, DCM_RadionuclideTotalDose, {pet.injected_bq});
  put_numbers(isotope, DCM_RadionuclideHalfLife, {kFluorineHalfLifeSeconds});
  put_numbers(isotope, DCM_RadionuclidePositronFraction, {kFluorinePositronFraction});
  put_code(isotope, DCM_RadionuclideCodeSequence, "77004003", "SCT", "^18^Fluorine");
  put_code(isotope, DCM_RadiopharmaceuticalCodeSequence, "35321007", "SCT", "Fluorodeoxyglucose F^18^");
  put_code(item, DCM_PatientOrientationCodeSequence, "102538003", "SCT", "recumbent");
  put_code(only_item(item, DCM_PatientOrientationCodeSequence), DCM_PatientOrientationModifierCodeSequence, "40199007", "SCT",
           "supine");
  put_code(item, DCM_PatientGantryRelationshipCodeSequence, "102540008", "SCT", "headfirst");
}

const char* modality_word(const SeriesTags& series) {
  constexpr const char* kWords[]{"MR", "CT", "PT"};
  return kWords[series.modality.index()];
}

const char* sop_class(const SeriesTags& series) {
  const char* const classes[]{UID_MRImageStorage, UID_CTImageStorage, UID_PositronEmissionTomographyImageStorage};
  return classes[series.modality.index()];
}

}  // namespace

void put(DcmItem& item, const DcmTagKey& tag, const std::vector<std::string>& words) {
  const auto need = [&](bool condition, const char* why) {
    require(condition, ErrorCode::kUsage,
            std::string("DICOM ") + DcmTag(tag).getTagName() + " " + tag.toString().c_str() + ": " + why);
  };
  const std::size_t longest = DcmVR(DcmTag(tag).getEVR()).getMaxValueLength();
  for (const std::string& word : words) {
    // One character set (the default one, ASCII) spares readers a guess; a backslash would begin another value.
    need(std::all_of(word.begin(), word.end(), [](unsigned char c) { return c >= 0x20 && c <= 0x7E && c != '\\'; }),
         "expected printable ASCII text without backslash");
    need(word.size() <= longest, "the value is too long");
  }
  DcmElement* element = nullptr;
  need(item.putAndInsertOFStringArray(tag, joined(words).c_str()).good() && item.findAndGetElement(tag, element).good(),
       "the value cannot be stored");
  need(element->checkValue("1-n").good(), "the value holds characters that DICOM does not allow here");
}

void put(DcmItem& item, const DcmTagKey& tag, const std::string& value) { put(item, tag, std::vector<std::string>{value}); }

std::string to_decimal_string(double value) {
  for (int digits = 15; digits > 0; --digits) {
    std::string text = fmt::format("{:.{}g}", value, digits);
    if (text.size() <= 16) return text;
  }
  throw Error(ErrorCode::kUnexpected, "a number does not fit into a DICOM decimal string");
}

void put_numbers(DcmItem& item, const DcmTagKey& tag, const std::vector<double>& numbers) {
  std::vector<std::string> words;
  for (const double number : numbers) {
    require(std::isfinite(number), ErrorCode::kUsage,
            std::string("DICOM ") + DcmTag(tag).getTagName() + ": expected a finite number");
    words.push_back(to_decimal_string(number));
  }
  put(item, tag, words);
}

void put_unsigned(DcmItem& item, const DcmTagKey& tag, std::size_t value) {
  require(value <= 65535 && item.putAndInsertUint16(tag, static_cast<Uint16>(value)).good(), ErrorCode::kUnsupported,
          std::string("DICOM ") + DcmTag(tag).getTagName() + ": expected at most 65535, found " + std::to_string(value));
}

void put_study(DcmItem& item, const StudyTags& study) {
  require(!study.uid_name.empty(), ErrorCode::kUsage, "DICOM study: no uid_name was given");
  put(item, DCM_PatientName, study.patient_name);
  put(item, DCM_PatientID, study.patient_id);
  put(item, DCM_PatientBirthDate, "");
  put(item, DCM_PatientSex, study.patient_sex);
  require(study.patient_age_years >= 0 && study.patient_age_years < 150, ErrorCode::kUsage,
          "DICOM study: expected an age of 0 to 149 years");
  put(item, DCM_PatientAge, fmt::format("{:03}Y", study.patient_age_years));
  put_numbers(item, DCM_PatientWeight, {study.patient_weight_kg});
  put(item, DCM_QualityControlSubject, "YES");
  put(item, DCM_PatientIdentityRemoved, "YES");
  put(item, DCM_DeidentificationMethod, "digital phantom: there is no patient");
  put(item, DCM_StudyInstanceUID, uid_of_name(study.uid_name + "|study"));
  put(item, DCM_StudyDate, study.date);
  put(item, DCM_StudyTime, clock_time(study.start_minute));
  put(item, DCM_StudyID, "1");
  put(item, DCM_StudyDescription, study.description);
  put(item, DCM_AccessionNumber, "");
  put(item, DCM_ReferringPhysicianName, "");
  put(item, DCM_Manufacturer, study.manufacturer);
  put(item, DCM_ManufacturerModelName, study.model);
  put(item, DCM_InstitutionName, study.institution);
  put(item, DCM_SoftwareVersions, study.software);
  put(item, DCM_FrameOfReferenceUID, uid_of_name(study.uid_name + "|frame"));
  put(item, DCM_PositionReferenceIndicator, "");
}

void put_series(DcmItem& item, const StudyTags& study, const SeriesTags& series, const Geometry& geometry) {
  put(item, DCM_SOPClassUID, sop_class(series));
  put(item, DCM_Modality, modality_word(series));
  put(item, DCM_SeriesInstanceUID, uid_of_name(study.uid_name + "|series|" + std::to_string(series.number)));
  put_numbers(item, DCM_SeriesNumber, {static_cast<double>(series.number)});
  put_numbers(item, DCM_AcquisitionNumber, {1});
  put(item, DCM_SeriesDescription, series.description);
  put(item, DCM_ProtocolName, series.protocol_name.empty() ? series.description : series.protocol_name);
  put(item, DCM_BodyPartExamined, "HEAD");
  // PET says the same in codes instead.
  if (!std::holds_alternative<PetTags>(series.modality)) put(item, DCM_PatientPosition, "HFS");
  put(item, DCM_ImageType, series.image_type);
  const std::string time = clock_time(start_minute(study, series));
  for (const DcmTagKey& tag : {DCM_SeriesDate, DCM_AcquisitionDate, DCM_ContentDate}) put(item, tag, study.date);
  for (const DcmTagKey& tag : {DCM_SeriesTime, DCM_AcquisitionTime, DCM_ContentTime}) put(item, tag, time);
  put_numbers(item, DCM_SliceThickness, {series.slice_thickness_mm > 0 ? series.slice_thickness_mm : geometry.spacing_mm[2]});
  if (std::holds_alternative<MrTags>(series.modality)) put_numbers(item, DCM_SpacingBetweenSlices, {geometry.spacing_mm[2]});
  put_numbers(item, DCM_PixelSpacing, {geometry.spacing_mm[1], geometry.spacing_mm[0]});  // down the rows first
  const auto& d = geometry.direction;
  put_numbers(item, DCM_ImageOrientationPatient, {d[0][0], d[1][0], d[2][0], d[0][1], d[1][1], d[2][1]});
  put_contrast(item, series.contrast_agent);
  std::visit([&](const auto& modality) { put_modality(item, modality, study, series); }, series.modality);
  if (std::holds_alternative<PetTags>(series.modality)) put_unsigned(item, DCM_NumberOfSlices, geometry.size[2]);
}

}  // namespace consilium::imaging
