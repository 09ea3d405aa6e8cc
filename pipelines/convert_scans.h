#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/settings.h"
#include "imaging/dicom/scan.h"
#include "imaging/dicom/suv.h"
#include "imaging/nifti/nifti.h"

namespace consilium::pipelines {

/// What becomes of slices that lie unevenly.
enum class UnevenSlices { kRefuse, kResample };
/// What becomes of slices that are sheared (gantry tilt): `kShear` leaves the voxels and writes a sheared sform.
enum class TiltedSlices { kRefuse, kResample, kShear };

struct ConvertOptions {
  /// File name of a DICOM series, with {number}, {class}, {description}, {protocol}, {modality}, {echo} (ms), {volume}, {series}
  /// (eight letters of a hash of the Series Instance UID), {subject} and {session}; '/' makes folders. Characters that are unsafe in
  /// file names become '_'. Or one of the presets "bids", "nnunet", "brats".
  std::string name = "{number}_{description}";
  std::string subject;                  ///< label of the patient; empty: 01, 02, ... in the order of the series
  std::string orientation;              ///< turn axes so that indices point to these sides, such as "LPS"; empty: as scanned
  std::optional<Vec3> spacing_mm = {};  ///< resample (linear) to this voxel size
  int compression = 6;                  ///< 1 to 9 for .nii.gz; 0: .nii
  UnevenSlices uneven = UnevenSlices::kRefuse;
  TiltedSlices tilt = TiltedSlices::kResample;
  imaging::Unplaced unplaced = imaging::Unplaced::kRefuse;
  std::optional<imaging::SuvKind> suv = {};  ///< write PET as SUV
  imaging::NiftiReadOptions nifti;           ///< of NIfTI inputs: which transform counts, how much shear
  bool overwrite = false;
};

struct ConvertReport {
  struct Written {
    std::filesystem::path input, output;
    std::vector<std::filesystem::path> beside = {};  ///< sidecar, .bval, .bvec
    Size3 size = {};
    std::size_t volumes = 1;
    Vec3 spacing_mm = {};
    std::string channel = {};        ///< class of a DICOM series; empty when unknown
    bool is_dicom = false;
    std::vector<std::string> notes = {};  ///< what was split or resampled, and why
  };
  struct Failed {
    std::filesystem::path input;
    ErrorCode code;
    std::string message;
  };
  std::vector<Written> written;
  std::vector<Failed> failed;
  std::vector<Failed> skipped;                  ///< series that a preset has no name for; nothing is lost that was asked for
  std::vector<imaging::RejectedFile> rejected;  ///< DICOM files that belong to no series
  std::filesystem::path dataset;                ///< dataset.json, of the names "nnunet"; else empty
};

/// Writes every series of DICOM folders and files as .nii.gz with a JSON sidecar (and .bval, .bvec where it is diffusion weighted),
/// and NIfTI files, NRRD and MetaImage (<name>.nii.gz). Images of one position become a 4-D file, unless the name holds {volume}.
/// Integers stay integers where one scale holds for all slices; else float32. Two series of one name get a, b, ... appended.
/// Series are converted on thread_limit() threads.
/// @throws Error{kUsage} an unknown {word} in the name, two NIfTI files of one name, or an orientation that is none;
/// Error{kCannotWrite} an output exists and `overwrite` is not set, or cannot be written.
ConvertReport convert_scans(const std::vector<std::filesystem::path>& inputs, const std::filesystem::path& output,
                            const ConvertOptions& options = {});

/// "consilium.convert/2"
Json to_json(const ConvertReport& report);
/// A line per series or reason that was split, resampled, skipped, refused or failed; empty when nothing was.
std::string to_table(const ConvertReport& report);

/// Whose images a series holds, in names.
struct ScanLabels {
  std::string subject, session;
};

/// A file name without extension for a series, or nothing when a preset has no name for it.
/// @throws Error{kUsage} an unknown {word}, naming the nearest known one.
std::optional<std::string> series_file_name(const imaging::Series& series, const std::string& pattern, const ScanLabels& labels = {});

}  // namespace consilium::pipelines
