#include "imaging/dicom/header.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.h"
#include "imaging/dicom/parse.h"
#include "imaging/dicom/values.h"

namespace consilium::imaging {
namespace {

/// Beyond these a header is wrong: no scanner is larger.
constexpr double kFarthest_mm = 1e5, kLargestPixel_mm = 1e3;

bool normalise(Vec3& v) {
  const double length = std::hypot(v[0], v[1], v[2]);
  if (!(std::abs(length - 1) < 0.01)) return false;
  for (double& x : v) x /= length;
  return true;
}

bool is_length(const std::optional<double>& value) { return value && *value > 1e-4 && *value < kLargestPixel_mm; }

/// Position, orientation and spacing; false when one is missing or makes no sense.
bool read_plane(DcmItem& item, DicomHeader& h) {
  const auto position = vector_of(item, DCM_ImagePositionPatient);
  const auto row = vector_of(item, DCM_ImageOrientationPatient), column = vector_of(item, DCM_ImageOrientationPatient, 3);
  const auto rows = number_of(item, DCM_PixelSpacing, 0), columns = number_of(item, DCM_PixelSpacing, 1);
  if (!position || !row || !column || !is_length(rows) || !is_length(columns)) return false;
  for (const double x : *position)
    if (std::abs(x) > kFarthest_mm) return false;
  h.position_mm = *position, h.row = *row, h.column = *column;
  h.row_spacing_mm = *rows, h.column_spacing_mm = *columns;
  if (!normalise(h.row) || !normalise(h.column)) return false;
  const double dot = h.row[0] * h.column[0] + h.row[1] * h.column[1] + h.row[2] * h.column[2];
  if (std::abs(dot) > 0.01) return false;
  // Six decimals of a direction are not quite orthogonal: the column is straightened.
  for (std::size_t a = 0; a < 3; ++a) h.column[a] -= dot * h.row[a];
  const double length = std::hypot(h.column[0], h.column[1], h.column[2]);
  for (double& x : h.column) x /= length;
  return true;
}

void read_identity(DcmItem& item, DicomHeader& h) {
  h.sop_instance_uid = text_of(item, DCM_SOPInstanceUID);
  h.study_uid = text_of(item, DCM_StudyInstanceUID);
  h.series_uid = text_of(item, DCM_SeriesInstanceUID);
  if (const std::string patient = text_of(item, DCM_PatientID); !patient.empty())
    h.patient_key = std::hash<std::string>{}(patient) | 1;
  h.modality = text_of(item, DCM_Modality);
  h.image_type = words_of(item, DCM_ImageType);
  h.series_number = integer_of(item, DCM_SeriesNumber).value_or(0);
  h.instance_number = integer_of(item, DCM_InstanceNumber).value_or(0);
  h.temporal_position = integer_of(item, DCM_TemporalPositionIdentifier);
  h.acquisition_number = integer_of(item, DCM_AcquisitionNumber);
}

void read_acquisition(DcmItem& item, DicomHeader& h) {
  h.manufacturer = text_of(item, DCM_Manufacturer);
  h.model = text_of(item, DCM_ManufacturerModelName);
  h.series_description = free_text_of(item, DCM_SeriesDescription);
  h.protocol_name = free_text_of(item, DCM_ProtocolName);
  h.sequence_name = text_of(item, DCM_SequenceName);
  h.scanning_sequence = words_of(item, DCM_ScanningSequence);
  h.sequence_variant = words_of(item, DCM_SequenceVariant);
  h.corrected_image = words_of(item, DCM_CorrectedImage);
  h.contrast_agent = free_text_of(item, DCM_ContrastBolusAgent);
  h.units = text_of(item, DCM_Units);
  h.field_tesla = number_of(item, DCM_MagneticFieldStrength);
  h.tr_ms = number_of(item, DCM_RepetitionTime);
  h.te_ms = number_of(item, DCM_EchoTime);
  h.ti_ms = number_of(item, DCM_InversionTime);
  h.flip_degrees = number_of(item, DCM_FlipAngle);
  const auto thickness = number_of(item, DCM_SliceThickness), spacing = number_of(item, DCM_SpacingBetweenSlices);
  if (is_length(thickness)) h.slice_thickness_mm = *thickness;
  // Some scanners write it negative, for the order of acquisition.
  if (spacing && is_length(std::abs(*spacing))) h.slice_spacing_mm = std::abs(*spacing);
}

void read_pixel_format(DcmItem& item, DicomHeader& h) {
  h.photometric = text_of(item, DCM_PhotometricInterpretation);
  h.rows = integer_of(item, DCM_Rows).value_or(0);
  h.columns = integer_of(item, DCM_Columns).value_or(0);
  h.frames = integer_of(item, DCM_NumberOfFrames).value_or(1);
  h.samples_per_pixel = integer_of(item, DCM_SamplesPerPixel).value_or(1);
  h.bits_allocated = integer_of(item, DCM_BitsAllocated).value_or(0);
  h.bits_stored = integer_of(item, DCM_BitsStored).value_or(h.bits_allocated);
  h.high_bit = integer_of(item, DCM_HighBit).value_or(h.bits_stored - 1);
  h.is_signed = integer_of(item, DCM_PixelRepresentation).value_or(0) == 1;
  h.has_value_table = item.tagExists(DCM_ModalityLUTSequence);
  h.slope = number_of(item, DCM_RescaleSlope).value_or(1);
  h.intercept = number_of(item, DCM_RescaleIntercept).value_or(0);
}

bool is_known(const std::string& sop_class) {
  return sop_class == UID_MRImageStorage || sop_class == UID_CTImageStorage ||
         sop_class == UID_PositronEmissionTomographyImageStorage;
}

std::optional<std::string> reason_of_pixels(const DicomHeader& h) {
  if (!h.has_pixels) return "the file ends before its pixels";
  const auto text = [](int n) { return std::to_string(n); };
  if (h.frames != 1) return "multi-frame images (" + text(h.frames) + " frames) are not read yet";
  if (h.samples_per_pixel != 1 || !h.photometric.starts_with("MONOCHROME"))
    return "colour images (" + h.photometric + ") are not read";
  if (h.rows < 1 || h.columns < 1) return "Rows (0028,0010) or Columns (0028,0011) is missing or 0";
  if (h.bits_allocated != 8 && h.bits_allocated != 16)
    return "Bits Allocated (0028,0100) is " + text(h.bits_allocated) + "; 8 and 16 are read";
  if (h.bits_stored < 1 || h.bits_stored > h.bits_allocated)
    return "Bits Stored (0028,0101) is " + text(h.bits_stored) + " of " + text(h.bits_allocated) + " allocated";
  if (h.high_bit < h.bits_stored - 1 || h.high_bit >= h.bits_allocated)
    return "High Bit (0028,0102) is " + text(h.high_bit) + " for " + text(h.bits_stored) + " bits stored";
  if (h.has_value_table) return "values by table (Modality LUT (0028,3000)) are not read";
  if (h.slope == 0) return "Rescale Slope (0028,1053) is 0";
  return std::nullopt;
}

}  // namespace

DicomHeader read_dicom_header(const std::filesystem::path& file) {
  const ParsedDicom parsed = parse_dicom(file, DicomPart::kHeader);
  DcmDataset& item = parsed.dataset();
  DicomHeader h;
  h.file = file;
  if (!parsed.crowded_sop_class.empty()) {
    h.is_crowded = true;
    h.sop_class_uid = parsed.crowded_sop_class;
    return h;
  }
  h.sop_class_uid = text_of(item, DCM_SOPClassUID);
  // A DICOMDIR and files cut after the meta header say it there alone.
  if (h.sop_class_uid.empty() && parsed.format->getMetaInfo() != nullptr)
    h.sop_class_uid = text_of(*parsed.format->getMetaInfo(), DCM_MediaStorageSOPClassUID);
  require(!h.sop_class_uid.empty(), ErrorCode::kCorruptData,
          file.string() + ": is not a DICOM image: no SOP Class UID (0008,0016)");
  h.transfer_syntax = DcmXfer(item.getOriginalXfer()).getXferID();
  read_identity(item, h);
  read_acquisition(item, h);
  read_pixel_format(item, h);
  h.has_pixels = parsed.has_pixels;
  h.has_geometry = read_plane(item, h);
  return h;
}

bool is_scan(const DicomHeader& h) {
  if (is_known(h.sop_class_uid)) return true;
  for (const char* uid : {UID_EnhancedMRImageStorage, UID_EnhancedMRColorImageStorage, UID_EnhancedCTImageStorage,
                          UID_EnhancedPETImageStorage, UID_LegacyConvertedEnhancedMRImageStorage,
                          UID_LegacyConvertedEnhancedCTImageStorage, UID_LegacyConvertedEnhancedPETImageStorage})
    if (h.sop_class_uid == uid) return true;
  return false;
}

std::optional<std::string> reason_not_loadable(const DicomHeader& h) {
  if (h.sop_class_uid == UID_MediaStorageDirectoryStorage) return "an index of files (DICOMDIR), not an image";
  if (!is_known(h.sop_class_uid)) return sop_class_name(h.sop_class_uid) + " is not read yet; classic MR, CT and PET images are";
  if (h.is_crowded) return "more than " + std::to_string(kMostItems) + " sequence items: no classic image has so many";
  if (std::find(h.image_type.begin(), h.image_type.end(), "MOSAIC") != h.image_type.end())
    return "Siemens mosaics are not read yet; export the series as single slices";
  if (auto reason = reason_of_pixels(h)) return reason;
  if (!h.has_geometry)
    return "Image Position (0020,0032), Image Orientation (0020,0037) or Pixel Spacing (0028,0030) is missing or wrong";
  return std::nullopt;
}

}  // namespace consilium::imaging
