#pragma once

#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "imaging/volume.h"

namespace consilium::imaging {

/// What all series of one examination share.
struct StudyTags {
  std::string uid_name;                       ///< every UID of the study follows from it; two studies never share one
  std::string patient_name = "PHANTOM^0001";  ///< as DICOM writes names: family^given
  std::string patient_id = "PHANTOM-0001";
  std::string patient_sex = "O";  ///< M, F or O
  int patient_age_years = 50;
  double patient_weight_kg = 75;
  std::string date = "20200101";  ///< YYYYMMDD
  int start_minute = 540;         ///< of the day; series n begins 8 n minutes later
  std::string description = "Head";
  std::string institution;
  std::string manufacturer;
  std::string model;
  std::string software = "consilium";
};

struct MrTags {
  std::vector<std::string> scanning_sequence{"SE"};   ///< SE, IR, GR, EP, RM
  std::vector<std::string> sequence_variant{"NONE"};  ///< SK, MTC, SS, TRSS, SP, MP, OSP, NONE
  std::vector<std::string> scan_options{};            ///< FS (fat saturation), ...
  std::string sequence_name{};                        ///< the vendor's; empty: not written
  bool is_3d = false;
  double field_tesla = 3;
  double tr_ms = 0;
  double te_ms = 0;
  double ti_ms = 0;  ///< written when `scanning_sequence` holds IR
  double flip_degrees = 90;
  int echo_train = 1;
  bool is_signed = false;  ///< stored as signed 16 bit (GE), else as 12 or 16 bit unsigned
};

/// Values in HU.
struct CtTags {
  double kvp = 120;
  double tube_current_ma = 250;
  double exposure_ms = 1000;
  std::string kernel = "H30s";
};

/// Values in SUV, g/ml, by body weight.
struct PetTags {
  double injected_bq = 3.0e8;
  int uptake_minutes = 60;  ///< from injection to the start of the series
  double frame_seconds = 600;
};

struct SeriesTags {
  int number = 1;
  std::string description;
  std::string protocol_name;
  std::vector<std::string> image_type{"ORIGINAL", "PRIMARY"};  ///< the vendor's further words included
  std::string contrast_agent;                                  ///< empty: none was given
  double slice_thickness_mm = 0;                               ///< 0: the distance between slices
  bool last_slice_first = false;                               ///< Instance Number runs against k
  std::variant<MrTags, CtTags, PetTags> modality;
};

struct WrittenSeries {
  std::vector<std::filesystem::path> files;  ///< in the order of k
  /// Image value of one step of the stored MR numbers, which carry no unit: 1 where the volume's range fits as it is.
  double mr_value_per_step = 1;
};

/// Writes a volume as classic MR, CT or PET Image Storage, one file a slice: folder/0001.dcm, ... by Instance Number.
///
/// MR: whole numbers without rescale; a volume whose maximum is below 256 or above what 16 bits hold is scaled to 12 bits. CT: HU
/// with intercept -1024, clipped to what 16 bits hold. PET: a rescale slope per slice. Nothing but the arguments goes into the
/// bytes: no clock, no random UID. The folder appears at once, when all files in it are complete.
/// @throws Error{kUsage} a tag's value that DICOM does not allow; Error{kCorruptData} a voxel that is not finite, or a bad
/// geometry; Error{kUnsupported} more than 65535 rows or columns, or an MR or PET voxel below zero; Error{kCannotWrite} `folder`
/// exists and is not empty, or a failed write. Source: DICOM PS3.3 A.3, A.4, A.21 (which modules), C.7, C.8.2, C.8.3, C.8.9
/// (their attributes).
WrittenSeries write_dicom_series(const std::filesystem::path& folder, const Volume& volume, const StudyTags& study,
                                 const SeriesTags& series);

}  // namespace consilium::imaging
