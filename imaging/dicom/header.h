#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "imaging/dicom/value_table.h"
#include "imaging/geometry.h"

namespace consilium::imaging {

struct FileStart;

/// Where the value of Pixel Data (7FE0,0010) lies.
struct PixelPlace {
  std::uint64_t offset = 0;  ///< bytes from the beginning of the file; of what it inflates to, when it is deflated
  std::uint32_t length = 0;
  bool is_encapsulated = false;  ///< its length is not defined: fragments follow
  bool is_there() const { return offset > 0; }
};

/// What one DICOM file says of an image, without the pixels. Nothing here names a patient: the Patient ID is hashed.
struct DicomHeader {
  std::filesystem::path file;
  std::string sop_class_uid;      ///< (0008,0016)
  std::string sop_instance_uid;   ///< (0008,0018)
  std::string study_uid;          ///< (0020,000D)
  std::string series_uid;         ///< (0020,000E)
  std::string series_time;        ///< (0008,0031)
  std::string frame_of_reference;  ///< (0020,0052): images of one frame lie as the scanner says; empty when the file does not say
  std::uint64_t patient_key = 0;  ///< tells patients apart within one process; 0 when the file names none
  std::string transfer_syntax;    ///< UID of the encoding
  std::string modality;           ///< (0008,0060): MR, CT, PT
  std::vector<std::string> image_type;
  std::string content;  ///< what the values are, where vendors tell it beside the image type: phase, field map, ...; else empty
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

  int frame = 0;                   ///< of a multi-frame file, from 0
  std::vector<int> frame_key;      ///< Dimension Index Values (0020,9157) but for the place in the stack: orders frames of one place
  std::string stack;               ///< (0020,9056)
  std::optional<double> b_value;   ///< s/mm2
  std::optional<Vec3> gradient;    ///< of diffusion: unit vector, LPS; absent when b is 0 or no direction is given
  bool is_isotropic = false;       ///< of diffusion: made of several directions
  std::optional<double> philips_scale;  ///< (2005,100E): `slope` and `intercept` are made with it
  std::vector<double> slice_times_ms;   ///< of a mosaic, one per slice in the order of the tiles

  std::string photometric;    ///< (0028,0004)
  int rows = 0, columns = 0;  ///< (0028,0010), (0028,0011)
  int frames = 1;
  int tile_column = 0, tile_row = 0;             ///< of a mosaic: where this slice begins in the stored frame
  int stored_rows = 0, stored_columns = 0;       ///< of the stored frame; those above but for a mosaic
  bool is_planar = false;                        ///< (0028,0006): colours one after the other
  int samples_per_pixel = 1;
  int bits_allocated = 0, bits_stored = 0, high_bit = 0;
  bool is_signed = false;
  bool has_pixels = false;
  bool is_deflated = false;
  PixelPlace pixels;
  std::uint64_t file_bytes = 0;  ///< the file's length when it was read
  std::int64_t file_time = 0;    ///< and its time of change, to notice that it has changed
  ValueTables tables;            ///< that stored values go through before they are scaled
  double slope = 1, intercept = 0;
  bool has_geometry = false;     ///< position, orientation and pixel spacing are all there and make sense
  bool is_assumed = false;       ///< they are not: those below are made up
  Vec3 position_mm{0, 0, 0};     ///< (0020,0032), centre of the first pixel, LPS
  Vec3 row{1, 0, 0};             ///< (0020,0037): unit vector along increasing column index
  Vec3 column{0, 1, 0};          ///< unit vector along increasing row index
  double column_spacing_mm = 1;  ///< between columns: the second value of (0028,0030)
  double row_spacing_mm = 1;     ///< between rows: the first value
};

/// What a file says as a whole. Files without preamble or meta header are read as well.
/// @throws Error{kNotFound}; Error{kCorruptData} not DICOM, or damaged; Error{kUnsupported} longer than 8 GiB or nested too deep.
/// Source: DICOM PS3.10 (files), PS3.3 C.7.6.2 and C.7.6.3 (plane and pixels).
DicomHeader read_dicom_header(const std::filesystem::path& file);

/// A file and the slices in it: one of a classic image, one per frame of a multi-frame image, one per tile of a mosaic.
struct DicomFile {
  DicomHeader header;
  std::vector<DicomHeader> slices = {};
  std::string refusal = {};  ///< why there are none; empty when there are
  ErrorCode refusal_code = ErrorCode::kUnsupported;
};

/// What to do with images that do not say where they lie: screenshots, ultrasound, projections.
enum class Unplaced { kRefuse, kAssume };

/// `kAssume` takes frames of any image in the file's order along z, pixels of 1 mm where no spacing is given, and marks them.
/// @throws as read_dicom_header.
DicomFile read_dicom_file(const std::filesystem::path& file, Unplaced unplaced = Unplaced::kRefuse);
DicomFile read_dicom_file(const FileStart& start, Unplaced unplaced = Unplaced::kRefuse);

/// Frames or tiles that a file may claim: what is kept of each must not outgrow the file.
std::uint64_t most_slices(const DicomHeader& file);

/// Whether these are slices of a scanner, MR, CT, PET or reconstructed nuclear medicine: not a screenshot, a projection, a report.
bool is_scan(const DicomHeader& header);
bool is_enhanced(const DicomHeader& header);

/// Whether its voxels are colours, not values.
bool is_colour(const DicomHeader& header);

/// Why the file of this header cannot be loaded, wherever its frames may lie; nothing when it can.
std::optional<std::string> reason_not_loadable(const DicomHeader& header);

}  // namespace consilium::imaging
