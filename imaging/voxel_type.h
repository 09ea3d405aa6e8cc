#pragma once

#include <cstddef>
#include <cstdint>

namespace consilium::imaging {

/// How a voxel is stored in a file.
enum class VoxelType : std::uint8_t { kUint8, kInt16, kUint16, kInt32, kUint32, kFloat32, kRgb24 };

constexpr std::size_t bytes_of(VoxelType type) {
  switch (type) {
    case VoxelType::kUint8:
      return 1;
    case VoxelType::kInt16:
    case VoxelType::kUint16:
      return 2;
    case VoxelType::kRgb24:
      return 3;
    default:
      return 4;
  }
}

}  // namespace consilium::imaging
