#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "imaging/label_map.h"
#include "imaging/volume.h"

namespace consilium::imaging {

/// What a NIfTI header says, after the rules below.
struct NiftiSummary {
  int version = 1;                      ///< 1 or 2
  std::string data_type;                ///< "int16", "float32", ...
  std::vector<std::int64_t> shape;      ///< as stored, i fastest
  Geometry geometry;                    ///< of the first three axes, LPS
  std::string orientation;              ///< where increasing indices point: "LPS", "RAS", ...
  std::string transform_source;         ///< "sform", "qform" or "pixdim"
  double scl_slope = 1;                 ///< value = slope * stored + inter; 1 and 0 when the header says none
  double scl_inter = 0;
  bool byte_swapped = false;
  double shear = 0;                     ///< largest element by which the axes differ from the nearest rotation; 0 when they do not
  std::vector<std::string> warnings;
};

/// Which of a header's two transforms counts.
enum class NiftiTransform { kSformFirst, kQformFirst };

struct NiftiReadOptions {
  NiftiTransform transform = NiftiTransform::kSformFirst;  ///< the other one where the first is not set; as nibabel and ITK
  /// Axes that differ by more from a rotation are refused when voxels are read: a corner of a head would lie a slice away.
  double largest_shear = 0.02;
};

/// Header and file length only.
///
/// Single files (`n+1`, `n+2`), pairs (`ni1`, `ni2`, given as .hdr or .img), plain or gzip. The transform is the sform when its code is
/// above 0, else the qform when its code is, else the voxel sizes with the image centred on the origin (as nibabel). A sheared
/// sform keeps its voxel sizes and takes the nearest rotation; a warning says so, and another where sform and qform disagree. The flip
/// from NIfTI's RAS to LPS happens here.
/// @throws Error{kNotFound}; Error{kCorruptData} naming the header field that is wrong; Error{kUnsupported} naming the data type.
/// Source: nifti1.h and nifti2.h (nifti.nimh.nih.gov).
NiftiSummary inspect_nifti(const std::filesystem::path& path, const NiftiReadOptions& options = {});

/// A 3-D image, or a 4-D one with a single volume. Values are `slope * stored + inter` in float32, non-finite ones as they are.
/// @throws as inspect_nifti; Error{kUnsupported} several volumes, or complex and RGB types, or axes sheared by more than options.largest_shear.
Volume read_nifti(const std::filesystem::path& path, const NiftiReadOptions& options = {});

/// One volume of a 4-D (or 5-D) image. @throws as read_nifti; Error{kNotFound} no such volume.
Volume read_nifti_volume(const std::filesystem::path& path, std::size_t volume, const NiftiReadOptions& options = {});

/// All of them: of 4-D images in time, of 5-D images the components of a vector. @throws as read_nifti.
std::vector<Volume> read_nifti_volumes(const std::filesystem::path& path, const NiftiReadOptions& options = {});

/// Labels. @throws as read_nifti; Error{kMismatch} a value that is not a whole number in 0..255.
LabelMap read_nifti_labels(const std::filesystem::path& path, const NiftiReadOptions& options = {});

/// value = slope * stored + inter
struct NiftiScaling {
  double slope = 1;
  double inter = 0;
};

struct NiftiWriteOptions {
  int compression = 6;  ///< of .nii.gz, 0 to 9
  /// Store a Volume as int16 with this scaling where that gives back every voxel exactly; float32 where it does not, or when absent.
  std::optional<NiftiScaling> integers = {};
  /// A result that a command writes again when the machine failed need not wait for the disk.
  Durability durability = Durability::kPowerLoss;
};

/// float32 (or int16, see options), qform = sform, millimetres; `path` ends in .nii or .nii.gz. Same volume, same bytes (no time in the gzip header).
/// @throws Error{kUsage} another extension; Error{kCannotWrite}
void write_nifti(const std::filesystem::path& path, const Volume& volume, const NiftiWriteOptions& options = {});
/// uint8, else the same.
void write_nifti(const std::filesystem::path& path, const LabelMap& labels, const NiftiWriteOptions& options = {});

}  // namespace consilium::imaging
