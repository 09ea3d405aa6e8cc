#pragma once

#include <array>
#include <cstdint>

namespace consilium::imaging {

using Rgb = std::array<std::uint8_t, 3>;     ///< sRGB
using CieLab = std::array<std::uint16_t, 3>;  ///< as DICOM stores it: L* 0..100 as 0..65535, a* and b* -128..127 as 0..65535

/// Source: DICOM PS3.3 C.10.7.1.1; IEC 61966-2-1 (sRGB, D65, adapted to the D50 of ICC profiles by Bradford's matrix); CIE 15 (L*a*b*).
CieLab to_cielab(const Rgb& rgb);
Rgb to_rgb(const CieLab& lab);

}  // namespace consilium::imaging
