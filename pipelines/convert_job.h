#pragma once

#include <vector>

#include "pipelines/convert_scans.h"

namespace consilium::pipelines {

/// One output file to be.
struct ConvertJob {
  std::filesystem::path input;
  std::vector<const imaging::Series*> volumes;  ///< of one grid; empty: `input` is an image file
  std::filesystem::path output;                 ///< ends in .nii or .nii.gz
};

/// Files that the job will write besides its output.
std::vector<std::filesystem::path> files_beside(const ConvertJob& job);

/// @throws as load_series, load_even, to_suv, read_image and write_nifti.
ConvertReport::Written run_job(const ConvertJob& job, const ConvertOptions& options);

/// Why the series cannot be written with these options; empty when it can.
std::string problem_of(const imaging::Series& series, const ConvertOptions& options);

}  // namespace consilium::pipelines
