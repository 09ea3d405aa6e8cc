#include "imaging/dicom/header.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace consilium::imaging {
namespace {

std::string text_of(DcmItem& item, const DcmTagKey& tag) {
  OFString value;
  if (item.findAndGetOFStringArray(tag, value).bad()) return "";
  std::string text(value.c_str(), value.length());
  while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.pop_back();
  return text.substr(std::min(text.find_first_not_of(' '), text.size()));
}

std::vector<std::string> words_of(DcmItem& item, const DcmTagKey& tag) {
  std::vector<std::string> words;
  std::string text = text_of(item, tag), word;
  if (text.empty()) return words;
  for (const char c : text + "\\") {
    if (c == '\\') {
      words.push_back(word);
      word.clear();
    } else if (c != ' ') {
      word += c;
    }
  }
  return words;
}

std::optional<double> number_of(DcmItem& item, const DcmTagKey& tag, unsigned long index = 0) {
  Float64 value = 0;
  if (item.findAndGetFloat64(tag, value, index).bad() || !std::isfinite(value)) return std::nullopt;
  return value;
}

int integer_of(DcmItem& item, const DcmTagKey& tag, int otherwise) {
  const auto value = number_of(item, tag);
  if (value && std::abs(*value) < 2e9) return static_cast<int>(*value);
  Sint32 whole = 0;
  return item.findAndGetSint32(tag, whole).good() ? whole : otherwise;
}

int unsigned_of(DcmItem& item, const DcmTagKey& tag, int otherwise) {
  Uint16 value = 0;
  return item.findAndGetUint16(tag, value).good() ? value : otherwise;
}

bool read_vector(DcmItem& item, const DcmTagKey& tag, unsigned long first, Vec3& target) {
  for (unsigned long n = 0; n < 3; ++n) {
    const auto value = number_of(item, tag, first + n);
    if (!value) return false;
    target[n] = *value;
  }
  return true;
}

bool normalise(Vec3& v) {
  const double length = std::hypot(v[0], v[1], v[2]);
  if (std::abs(length - 1) > 0.01) return false;
  for (double& x : v) x /= length;
  return true;
}

/// Position, orientation and spacing; false when one is missing or makes no sense.
bool read_plane(DcmItem& item, DicomHeader& h) {
  if (!read_vector(item, DCM_ImagePositionPatient, 0, h.position_mm) || !read_vector(item, DCM_ImageOrientationPatient, 0, h.row) ||
      !read_vector(item, DCM_ImageOrientationPatient, 3, h.column))
    return false;
  const auto rows = number_of(item, DCM_PixelSpacing, 0), columns = number_of(item, DCM_PixelSpacing, 1);
  if (!rows || !columns || *rows <= 0 || *columns <= 0) return false;
  h.row_spacing_mm = *rows;
  h.column_spacing_mm = *columns;
  if (!normalise(h.row) || !normalise(h.column)) return false;
  const double dot = h.row[0] * h.column[0] + h.row[1] * h.column[1] + h.row[2] * h.column[2];
  if (std::abs(dot) > 0.01) return false;
  // Six decimals of a direction are not quite orthogonal: the column is straightened.
  for (std::size_t a = 0; a < 3; ++a) h.column[a] -= dot * h.row[a];
  const double length = std::hypot(h.column[0], h.column[1], h.column[2]);
  for (double& x : h.column) x /= length;
  return true;
}

void read_acquisition(DcmItem& item, DicomHeader& h) {
  h.manufacturer = text_of(item, DCM_Manufacturer);
  h.model = text_of(item, DCM_ManufacturerModelName);
  h.series_description = text_of(item, DCM_SeriesDescription);
  h.protocol_name = text_of(item, DCM_ProtocolName);
  h.sequence_name = text_of(item, DCM_SequenceName);
  h.scanning_sequence = words_of(item, DCM_ScanningSequence);
  h.sequence_variant = words_of(item, DCM_SequenceVariant);
  h.contrast_agent = text_of(item, DCM_ContrastBolusAgent);
  h.units = text_of(item, DCM_Units);
  h.series_number = integer_of(item, DCM_SeriesNumber, 0);
  h.instance_number = integer_of(item, DCM_InstanceNumber, 0);
  h.echo_number = integer_of(item, DCM_EchoNumbers, 0);
  h.field_tesla = number_of(item, DCM_MagneticFieldStrength);
  h.tr_ms = number_of(item, DCM_RepetitionTime);
  h.te_ms = number_of(item, DCM_EchoTime);
  h.ti_ms = number_of(item, DCM_InversionTime);
  h.flip_degrees = number_of(item, DCM_FlipAngle);
  h.slice_thickness_mm = number_of(item, DCM_SliceThickness).value_or(0);
}

void read_pixel_format(DcmItem& item, DicomHeader& h) {
  h.photometric = text_of(item, DCM_PhotometricInterpretation);
  h.rows = unsigned_of(item, DCM_Rows, 0);
  h.columns = unsigned_of(item, DCM_Columns, 0);
  h.frames = integer_of(item, DCM_NumberOfFrames, 1);
  h.samples_per_pixel = unsigned_of(item, DCM_SamplesPerPixel, 1);
  h.bits_allocated = unsigned_of(item, DCM_BitsAllocated, 0);
  h.bits_stored = unsigned_of(item, DCM_BitsStored, h.bits_allocated);
  h.is_signed = unsigned_of(item, DCM_PixelRepresentation, 0) == 1;
  h.slope = number_of(item, DCM_RescaleSlope).value_or(1);
  h.intercept = number_of(item, DCM_RescaleIntercept).value_or(0);
}

bool is_known(const std::string& sop_class) {
  return sop_class == UID_MRImageStorage || sop_class == UID_CTImageStorage || sop_class == UID_PositronEmissionTomographyImageStorage;
}

std::string name_of(const std::string& uid) {
  const char* name = dcmFindNameOfUID(uid.c_str());
  return name != nullptr ? name : (uid.empty() ? "no SOP class" : uid);
}

}  // namespace

DicomHeader read_dicom_header(const std::filesystem::path& file) {
  require(std::filesystem::is_regular_file(file), ErrorCode::kNotFound, file.string() + ": no such file");
  DcmFileFormat format;
  // 4 KiB: longer values stay in the file. Parsing ends where the pixels begin.
  const OFCondition loaded = format.loadFileUntilTag(file.c_str(), EXS_Unknown, EGL_noChange, 4096, ERM_autoDetect, DCM_PixelData);
  DcmDataset& item = *format.getDataset();
  DicomHeader h;
  h.file = file;
  h.sop_class_uid = text_of(item, DCM_SOPClassUID);
  require(loaded.good() || !h.sop_class_uid.empty(), ErrorCode::kCorruptData, file.string() + ": is not DICOM, or damaged (" + loaded.text() + ")");
  require(loaded.good(), ErrorCode::kCorruptData, file.string() + ": damaged DICOM (" + loaded.text() + ")");
  require(!h.sop_class_uid.empty(), ErrorCode::kCorruptData, file.string() + ": is not DICOM: no SOP Class UID (0008,0016)");
  h.sop_instance_uid = text_of(item, DCM_SOPInstanceUID);
  h.study_uid = text_of(item, DCM_StudyInstanceUID);
  h.series_uid = text_of(item, DCM_SeriesInstanceUID);
  h.transfer_syntax = DcmXfer(item.getOriginalXfer()).getXferID();
  h.modality = text_of(item, DCM_Modality);
  h.image_type = words_of(item, DCM_ImageType);
  read_acquisition(item, h);
  read_pixel_format(item, h);
  h.has_geometry = read_plane(item, h);
  return h;
}

std::optional<std::string> reason_not_loadable(const DicomHeader& h) {
  if (!is_known(h.sop_class_uid)) return name_of(h.sop_class_uid) + " is not read; classic MR, CT and PET images are";
  if (std::find(h.image_type.begin(), h.image_type.end(), "MOSAIC") != h.image_type.end()) return "Siemens mosaics are not read yet; export the series as single slices";
  if (h.frames != 1) return "multi-frame images (" + std::to_string(h.frames) + " frames) are not read yet";
  if (h.samples_per_pixel != 1 || !h.photometric.starts_with("MONOCHROME")) return "colour images (" + h.photometric + ") are not read";
  if (h.rows < 1 || h.columns < 1) return "Rows (0028,0010) and Columns (0028,0011) are missing or 0";
  if (h.bits_allocated != 8 && h.bits_allocated != 16 && h.bits_allocated != 32) return "Bits Allocated (0028,0100) is " + std::to_string(h.bits_allocated) + "; 8, 16 and 32 are read";
  if (h.bits_stored < 1 || h.bits_stored > h.bits_allocated) return "Bits Stored (0028,0101) is " + std::to_string(h.bits_stored) + " of " + std::to_string(h.bits_allocated) + " allocated";
  if (!h.has_geometry) return "Image Position (0020,0032), Image Orientation (0020,0037) or Pixel Spacing (0028,0030) is missing or wrong";
  if (!std::isfinite(h.slope) || !std::isfinite(h.intercept) || h.slope == 0) return "Rescale Slope (0028,1053) or Intercept (0028,1052) is no usable number";
  return std::nullopt;
}

}  // namespace consilium::imaging
