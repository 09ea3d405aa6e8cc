#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/settings.h"
#include "imaging/dicom/scan.h"

namespace consilium::pipelines {

struct ConvertOptions {
  /// File name of a DICOM series, with {number}, {class}, {description}, {protocol}, {modality}, {echo} (ms), {volume} and
  /// {series} (eight letters of a hash of the Series Instance UID). Characters that are unsafe in file names become '_'.
  std::string name = "{number}_{description}";
  std::string orientation;              ///< turn axes so that indices point to these sides, such as "LPS"; empty: as scanned
  std::optional<Vec3> spacing_mm = {};  ///< resample (linear) to this voxel size
  int compression = 6;                  ///< 0 (none) to 9
  bool overwrite = false;
};

struct ConvertReport {
  struct Written {
    std::filesystem::path input, output;
    std::optional<std::filesystem::path> sidecar;
    Size3 size;
    Vec3 spacing_mm;
    std::string channel;  ///< class of a DICOM series; empty when unknown
  };
  struct Failed {
    std::filesystem::path input;
    ErrorCode code;
    std::string message;
  };
  std::vector<Written> written;
  std::vector<Failed> failed;
  std::vector<imaging::RejectedFile> rejected;  ///< DICOM files that belong to no series
};

/// Writes every series of DICOM folders and files as .nii.gz with a JSON sidecar, and NIfTI files (<name>.nii.gz). Integers stay
/// int16 where that holds every value; else float32. Two series of one name get a, b, ... appended. Series are converted on
/// thread_limit() threads.
/// @throws Error{kUsage} an unknown {word} in the name, two NIfTI files of one name, or an orientation that is none;
/// Error{kCannotWrite} an output exists and `overwrite` is not set, or cannot be written.
ConvertReport convert_scans(const std::vector<std::filesystem::path>& inputs, const std::filesystem::path& output,
                            const ConvertOptions& options = {});

/// "consilium.convert/1"
Json to_json(const ConvertReport& report);

/// A file name without extension for a series. @throws Error{kUsage} an unknown {word}, naming the nearest known one.
std::string series_file_name(const imaging::Series& series, const std::string& pattern);

}  // namespace consilium::pipelines
