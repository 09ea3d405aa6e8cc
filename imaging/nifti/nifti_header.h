#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "imaging/nifti/nifti.h"
#include "imaging/nifti/write_nifti.h"

namespace consilium::imaging {

/// The fields of a header that we use, in host byte order.
struct NiftiHeader {
  NiftiSummary summary;
  int data_type_code = 0;
  std::size_t bytes_per_voxel = 0;
  std::uint64_t voxel_offset = 0;  ///< bytes from the start of the file that holds the voxels
  std::uint64_t volumes = 1;       ///< product of the sizes beyond the third
  bool pair = false;               ///< voxels are in a .img file
};

inline constexpr std::size_t kNiftiHeaderBytes = 540;  ///< the longer of the two versions

/// Parses the start of a file (at least 348 bytes). `origin` names the file in messages.
/// @throws Error{kCorruptData}, Error{kUnsupported}
NiftiHeader parse_nifti_header(std::string_view bytes, const std::string& origin, const NiftiReadOptions& options = {});

/// A version 1 header. @throws nothing: what a header cannot hold is refused before.
std::array<char, 352> encode_nifti_header(const NiftiLayout& layout);

/// Rotation (columns, determinant +1) -> unit quaternion (b, c, d) with a >= 0. Source: nifti1.h, method 2.
std::array<double, 3> to_quaternion(const Matrix3& rotation);

}  // namespace consilium::imaging
