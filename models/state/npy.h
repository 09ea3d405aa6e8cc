#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace consilium {

/// An array as numpy.save writes it.
struct NpyArray {
  std::vector<std::int64_t> shape;  ///< row major
  std::vector<float> values;

  bool operator==(const NpyArray&) const = default;
};

/// Version 1.0, '<f4', row major; the same bytes as numpy.save's.
/// @throws Error{kUsage} values do not fill the shape.
/// Source: numpy.lib.format, "Format Version 1.0".
std::string encode_npy(const std::vector<std::int64_t>& shape, const std::vector<float>& values);

/// Versions 1 to 3, '<f4'; Fortran order is turned into row major. `origin` names the bytes in messages.
/// @throws Error{kCorruptData} naming what is wrong; Error{kUnsupported} another data type.
NpyArray parse_npy(std::string_view bytes, const std::string& origin);

}  // namespace consilium
