#include "imaging/dicom/header.h"

#include <algorithm>
#include <functional>
#include <initializer_list>

#include "base/error.h"
#include "imaging/dicom/enhanced.h"
#include "imaging/dicom/ge_content.h"
#include "imaging/dicom/mosaic.h"
#include "imaging/dicom/parse.h"
#include "imaging/dicom/plain_frames.h"
#include "imaging/dicom/plane.h"
#include "imaging/dicom/read_value_tables.h"
#include "imaging/dicom/values.h"
#include "imaging/dicom/vendor.h"

namespace consilium::imaging {
namespace {

void read_identity(DcmItem& item, DicomHeader& h) {
  h.sop_instance_uid = text_of(item, DCM_SOPInstanceUID);
  h.study_uid = text_of(item, DCM_StudyInstanceUID);
  h.series_uid = text_of(item, DCM_SeriesInstanceUID);
  h.series_time = text_of(item, DCM_SeriesTime);
  h.frame_of_reference = text_of(item, DCM_FrameOfReferenceUID);
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
  set_thickness(item, h);
}

void read_pixel_format(DcmItem& item, DicomHeader& h) {
  h.photometric = text_of(item, DCM_PhotometricInterpretation);
  h.rows = integer_of(item, DCM_Rows).value_or(0);
  h.columns = integer_of(item, DCM_Columns).value_or(0);
  h.stored_rows = h.rows, h.stored_columns = h.columns;
  h.frames = integer_of(item, DCM_NumberOfFrames).value_or(1);
  h.samples_per_pixel = integer_of(item, DCM_SamplesPerPixel).value_or(1);
  h.bits_allocated = integer_of(item, DCM_BitsAllocated).value_or(0);
  h.bits_stored = integer_of(item, DCM_BitsStored).value_or(h.bits_allocated);
  h.high_bit = integer_of(item, DCM_HighBit).value_or(h.bits_stored - 1);
  h.is_signed = integer_of(item, DCM_PixelRepresentation).value_or(0) == 1;
  h.is_planar = integer_of(item, DCM_PlanarConfiguration).value_or(0) == 1;
  h.tables = read_value_tables(item, h);
  if (h.tables.modality) return;  // instead of a scale
  h.slope = number_of(item, DCM_RescaleSlope).value_or(1);
  h.intercept = number_of(item, DCM_RescaleIntercept).value_or(0);
}

bool is_classic(const std::string& sop_class) {
  return sop_class == UID_MRImageStorage || sop_class == UID_CTImageStorage ||
         sop_class == UID_PositronEmissionTomographyImageStorage;
}

std::optional<std::string> reason_of_colours(const DicomHeader& h) {
  if (h.samples_per_pixel != 3) return "images of " + std::to_string(h.samples_per_pixel) + " samples per pixel are not read";
  if (h.bits_allocated != 8 || h.bits_stored != 8) return "colours of more than 8 bits are not read";
  for (const char* known : {"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"})
    if (h.photometric == known) return std::nullopt;
  return "colours as " + h.photometric + " are not read";
}

std::optional<std::string> reason_of_bits(const DicomHeader& h) {
  const auto text = [](int n) { return std::to_string(n); };
  if (!h.photometric.starts_with("MONOCHROME") && h.photometric != "PALETTE COLOR") return "values as " + h.photometric + " are not read";
  if (h.bits_allocated != 8 && h.bits_allocated != 16 && h.bits_allocated != 32)
    return "Bits Allocated (0028,0100) is " + text(h.bits_allocated) + "; 8, 16 and 32 are read";
  if (h.bits_stored < 1 || h.bits_stored > h.bits_allocated)
    return "Bits Stored (0028,0101) is " + text(h.bits_stored) + " of " + text(h.bits_allocated) + " allocated";
  if (h.high_bit < h.bits_stored - 1 || h.high_bit >= h.bits_allocated)
    return "High Bit (0028,0102) is " + text(h.high_bit) + " for " + text(h.bits_stored) + " bits stored";
  if (!h.tables.problem.empty()) return h.tables.problem;
  if (h.slope == 0) return "Rescale Slope (0028,1053) is 0";
  return std::nullopt;
}

std::optional<std::string> reason_of_pixels(const DicomHeader& h) {
  if (!h.has_pixels) return "the file ends before its pixels";
  if (h.frames < 1 || static_cast<std::uint64_t>(h.frames) > most_slices(h))
    return "Number of Frames (0028,0008) is " + std::to_string(h.frames);
  if (h.rows < 1 || h.columns < 1) return "Rows (0028,0010) or Columns (0028,0011) is missing or 0";
  return h.samples_per_pixel > 1 ? reason_of_colours(h) : reason_of_bits(h);
}

bool is_one_of(const std::string& sop_class, std::initializer_list<const char*> classes) {
  return std::any_of(classes.begin(), classes.end(), [&](const char* uid) { return sop_class == uid; });
}

bool is_capture(const std::string& sop_class) {
  return is_one_of(sop_class, {UID_SecondaryCaptureImageStorage, UID_MultiframeSingleBitSecondaryCaptureImageStorage,
                               UID_MultiframeGrayscaleByteSecondaryCaptureImageStorage, UID_MultiframeGrayscaleWordSecondaryCaptureImageStorage,
                               UID_MultiframeTrueColorSecondaryCaptureImageStorage});
}

bool is_projection(const std::string& sop_class) {
  return is_one_of(sop_class, {UID_XRayAngiographicImageStorage, UID_XRayRadiofluoroscopicImageStorage, UID_EnhancedXAImageStorage, UID_EnhancedXRFImageStorage});
}

/// Of other devices than MR, CT and PET, and made from their images: where they say that they hold slices, they are read.
bool may_hold_slices(const std::string& sop_class) {
  return is_capture(sop_class) || is_projection(sop_class) ||
         is_one_of(sop_class, {UID_NuclearMedicineImageStorage, UID_XRay3DAngiographicImageStorage, UID_XRay3DCraniofacialImageStorage, UID_BreastTomosynthesisImageStorage});
}

std::optional<std::string> reason_of_plane(const DicomHeader& h) {
  if (h.has_geometry) return std::nullopt;
  return "Image Position (0020,0032), Image Orientation (0020,0037) or Pixel Spacing (0028,0030) is missing or wrong" +
         (is_capture(h.sop_class_uid)      ? std::string(": a secondary capture without them is a picture, not a slice")
          : is_projection(h.sop_class_uid) ? std::string(": an X-ray projection has no place in the patient")
          : h.frames > 1                   ? ", in frame " + std::to_string(h.frame + 1)
                                           : "");
}

std::vector<DicomHeader> slices_of(DcmItem& item, const DicomHeader& file) {
  if (is_enhanced(file) || has_frame_groups(item)) return frames_of(item, file);
  if (is_mosaic(file)) return tiles_of(item, file);
  return plain_frames_of(item, file);
}

/// One slice per frame, one above the other.
std::vector<DicomHeader> assumed_slices(const DicomHeader& file) {
  DicomHeader slice = file;
  slice.is_assumed = slice.has_geometry = true;
  slice.position_mm = {0, 0, 0}, slice.row = {1, 0, 0}, slice.column = {0, 1, 0};
  const double step = file.slice_spacing_mm > 0 ? file.slice_spacing_mm : file.slice_thickness_mm > 0 ? file.slice_thickness_mm : 1;
  std::vector<DicomHeader> slices;
  for (int n = 0; n < file.frames; ++n) {
    slice.frame = n, slice.position_mm[2] = n * step;
    slices.push_back(slice);
  }
  return slices;
}

struct Read {
  ParsedDicom parsed;
  DicomHeader header;
};

Read read(const FileStart& start) {
  const std::filesystem::path& file = start.file;
  Read result{parse_dicom(start), {}};
  DcmItem& item = *result.parsed.data_set;
  DicomHeader& h = result.header;
  h.file = file;
  h.file_bytes = start.length;
  h.file_time = start.time;
  h.sop_class_uid = text_of(item, DCM_SOPClassUID);
  // A DICOMDIR and files cut after the meta header say it there alone.
  if (h.sop_class_uid.empty()) h.sop_class_uid = result.parsed.media_sop_class;
  require(!h.sop_class_uid.empty(), ErrorCode::kCorruptData,
          file.string() + ": is not a DICOM image: no SOP Class UID (0008,0016)");
  h.transfer_syntax = result.parsed.transfer_syntax;
  h.is_deflated = result.parsed.is_deflated;
  h.pixels = result.parsed.pixels;
  h.has_pixels = h.pixels.is_there();
  read_identity(item, h);
  read_acquisition(item, h);
  read_pixel_format(item, h);
  h.has_geometry = set_plane(item, item, item, h);
  if (is_enhanced(h)) return result;
  apply_philips_scale(item, h);
  read_diffusion(item, h);
  read_ge_content(item, h);
  return result;
}

}  // namespace

DicomHeader read_dicom_header(const std::filesystem::path& file) { return read(read_start(file)).header; }

DicomFile read_dicom_file(const std::filesystem::path& file, Unplaced unplaced) { return read_dicom_file(read_start(file), unplaced); }

DicomFile read_dicom_file(const FileStart& start, Unplaced unplaced) {
  Read one = read(start);
  DicomFile result{.header = std::move(one.header)};
  try {
    if (const auto reason = reason_not_loadable(result.header)) throw Error(ErrorCode::kUnsupported, *reason);
    std::vector<DicomHeader> slices = slices_of(*one.parsed.data_set, result.header);
    for (const DicomHeader& slice : slices) {
      if (const auto reason = reason_of_plane(slice)) throw Error(ErrorCode::kUnsupported, *reason);
      require(slice.slope != 0, ErrorCode::kUnsupported, "Rescale Slope (0028,1053) is 0");
    }
    result.slices = std::move(slices);
  } catch (const Error& error) {  // what the file is remains worth telling
    if (unplaced == Unplaced::kAssume && !reason_of_pixels(result.header)) {
      result.slices = assumed_slices(result.header);
      return result;
    }
    result.refusal = error.what();
    result.refusal_code = error.code();
  }
  return result;
}

std::uint64_t most_slices(const DicomHeader& file) {
  constexpr std::uint64_t kBytesPerSlice = 64, kAlways = 1000;
  return file.file_bytes / kBytesPerSlice + kAlways;
}

bool is_enhanced(const DicomHeader& h) {
  for (const char* uid : {UID_EnhancedMRImageStorage, UID_EnhancedMRColorImageStorage, UID_EnhancedCTImageStorage,
                          UID_EnhancedPETImageStorage, UID_LegacyConvertedEnhancedMRImageStorage,
                          UID_LegacyConvertedEnhancedCTImageStorage, UID_LegacyConvertedEnhancedPETImageStorage})
    if (h.sop_class_uid == uid) return true;
  return false;
}

bool is_scan(const DicomHeader& h) {
  const bool is_reconstruction = h.sop_class_uid == UID_NuclearMedicineImageStorage && h.image_type.size() > 2 && h.image_type[2].starts_with("RECON");
  return is_classic(h.sop_class_uid) || is_enhanced(h) || is_reconstruction;
}

bool is_colour(const DicomHeader& h) { return h.samples_per_pixel > 1 || h.tables.palette != nullptr; }

std::optional<std::string> reason_not_loadable(const DicomHeader& h) {
  if (h.sop_class_uid == UID_MediaStorageDirectoryStorage) return "an index of files (DICOMDIR), not an image";
  if (!is_scan(h) && !may_hold_slices(h.sop_class_uid))
    return sop_class_name(h.sop_class_uid) + " is not read; MR, CT, PET and nuclear medicine are, and captures that say where they lie";
  return reason_of_pixels(h);
}

}  // namespace consilium::imaging
