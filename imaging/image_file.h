#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "imaging/nifti/nifti.h"
#include "imaging/volume.h"

namespace consilium::imaging {

/// An image in a file that is not DICOM.
struct ImageFile {
  std::vector<Volume> volumes;  ///< of one grid: times, or components of a vector
  /// How the file stores integers of at most 16 bits; absent for other types.
  std::optional<NiftiScaling> integers;
  std::vector<std::string> warnings;
};

/// By the name's ending: NIfTI (.nii, .nii.gz, .hdr, .img), NRRD (.nrrd, .nhdr), MetaImage (.mha, .mhd).
bool is_image_name(const std::filesystem::path& file);
bool is_nifti_name(const std::filesystem::path& file);
/// Without those endings: "scan.nii.gz" is "scan".
std::string image_stem(const std::filesystem::path& file);

/// What a file says of itself. NRRD and MetaImage are version 0. @throws as read_nifti and read_itk_image.
NiftiSummary inspect_image(const std::filesystem::path& file, const NiftiReadOptions& options = {});

/// @throws as read_nifti and read_itk_image.
ImageFile read_image(const std::filesystem::path& file, const NiftiReadOptions& options = {});

}  // namespace consilium::imaging
