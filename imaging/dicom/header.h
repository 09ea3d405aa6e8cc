#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "imaging/geometry.h"

namespace consilium::imaging {

/// What one DICOM file says of its image, without the pixels. Nothing here names a patient: the Patient ID is hashed.
struct DicomHeader {
  std::filesystem::path file;
  std::string sop_class_uid;      ///< (0008,0016)
  std::string sop_instance_uid;   ///< (0008,0018)
  std::string study_uid;          ///< (0020,000D)
  std::string series_uid;         ///< (0020,000E)
  std::uint64_t patient_key = 0;  ///< tells patients apart within one process; 0 when the file names none
  std::string transfer_syntax;    ///< UID of the encoding
  std::string modality;           ///< (0008,0060): MR, CT, PT
  std::vector<std::string> image_type;
  std::string manufacturer, model, sequence_name;
  std::string series_description, protocol_name;  ///< without words of the patient's name and identifiers
  std::vector<std::string> scanning_sequence, sequence_variant;
  std::vector<std::string> corrected_image;  ///< (0028,0051), PET: ATTN, SCAT, DECY, ...
  std::string contrast_agent;                ///< (0018,0010)
  std::string units;                         ///< (0054,1001), PET: BQML, GML, CNTS, ...
  int series_number = 0;
  int instance_number = 0;
  std::optional<int> temporal_position, acquisition_number;  ///< (0020,0100), (0020,0012)
  std::optional<double> field_tesla, tr_ms, te_ms, ti_ms, flip_degrees;
  double slice_thickness_mm = 0;
  double slice_spacing_mm = 0;  ///< (0018,0088); 0 when absent

  bool is_crowded = false;    ///< too many sequence items to be parsed: nothing but the SOP class is known
  std::string photometric;    ///< (0028,0004)
  int rows = 0, columns = 0;  ///< (0028,0010), (0028,0011)
  int frames = 1;
  int samples_per_pixel = 1;
  int bits_allocated = 0, bits_stored = 0, high_bit = 0;
  bool is_signed = false;
  bool has_pixels = false;
  bool has_value_table = false;  ///< Modality LUT (0028,3000): values are looked up, not scaled
  double slope = 1, intercept = 0;
  bool has_geometry = false;     ///< position, orientation and pixel spacing are all there and make sense
  Vec3 position_mm{0, 0, 0};     ///< (0020,0032), centre of the first pixel, LPS
  Vec3 row{1, 0, 0};             ///< (0020,0037): unit vector along increasing column index
  Vec3 column{0, 1, 0};          ///< unit vector along increasing row index
  double column_spacing_mm = 1;  ///< between columns: the second value of (0028,0030)
  double row_spacing_mm = 1;     ///< between rows: the first value
};

/// Reads a file up to its pixel data. Files without preamble or meta header are read as well.
/// @throws Error{kNotFound}; Error{kCorruptData} not DICOM, or damaged; Error{kUnsupported} longer than 2 GiB.
/// Source: DICOM PS3.10 (files), PS3.3 C.7.6.2 and C.7.6.3 (plane and pixels).
DicomHeader read_dicom_header(const std::filesystem::path& file);

/// Whether this is an image of an MR, CT or PET scanner, classic or enhanced: not a screenshot, a segmentation, a report.
bool is_scan(const DicomHeader& header);

/// Why the image of this header cannot be loaded; nothing when it can. Only classic single-frame MR, CT and PET images are.
std::optional<std::string> reason_not_loadable(const DicomHeader& header);

}  // namespace consilium::imaging
