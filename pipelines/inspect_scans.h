#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/settings.h"
#include "imaging/dicom/scan.h"
#include "imaging/nifti/nifti.h"

namespace consilium::pipelines {

struct ScanInspection {
  struct Nifti {
    std::filesystem::path file;
    imaging::NiftiSummary summary;
  };
  struct Dicom {
    std::filesystem::path input;  ///< the folder; for files named one by one, the first
    imaging::Study study;
  };
  struct Failure {
    std::filesystem::path input;
    ErrorCode code;
    std::string message;
  };
  std::vector<Nifti> files;
  std::vector<Dicom> studies;
  std::vector<Failure> failures;
};

/// What is in NIfTI files, DICOM files and folders of these. DICOM files named one by one are looked at together. What cannot be
/// read is among the failures.
ScanInspection inspect_scans(const std::vector<std::filesystem::path>& inputs);

/// Text and JSON ("consilium.inspect/1"). No patient's name, identifier or date.
std::string to_text(const ScanInspection& inspection);
Json to_json(const ScanInspection& inspection);

/// Image files (NIfTI, NRRD, MetaImage), DICOM files and DICOM folders among `inputs`; a folder stands for its image files as well.
/// @throws nothing: what is neither is a failure.
struct SortedInputs {
  std::vector<std::filesystem::path> images, dicom_files, dicom_folders;
  std::vector<ScanInspection::Failure> failures;
};
SortedInputs sort_inputs(const std::vector<std::filesystem::path>& inputs);

}  // namespace consilium::pipelines
