#pragma once

#include <span>

namespace consilium::imaging {

/// How the bytes of a colour image are laid out.
struct ColourLayout {
  bool is_planar = false;  ///< all first samples, then all second ones, then all third ones
  bool is_ybr = false;     ///< luminance and two differences (YBR_FULL) instead of red, green and blue
  bool is_422 = false;     ///< Y1 Y2 B R for two pixels: the first two thirds of the bytes are filled
};

/// Makes red, green and blue of each pixel, pixel by pixel. Source: DICOM PS3.3 C.7.6.3.1.2.
void to_rgb(std::span<char> bytes, const ColourLayout& layout);

}  // namespace consilium::imaging
