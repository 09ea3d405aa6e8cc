#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace consilium::imaging {

/// Values by stored value: entry 0 belongs to `first` and all below it, the last entry to all above. Source: DICOM PS3.3 C.11.1.1.
struct ValueTable {
  int first = 0;
  int bits = 16;  ///< of an entry
  std::vector<std::uint16_t> entries;

  std::uint16_t at(std::int64_t stored) const {
    return entries[static_cast<std::size_t>(std::clamp<std::int64_t>(stored - first, 0, static_cast<std::int64_t>(entries.size()) - 1))];
  }
};

/// Red, green and blue of a stored value.
using Palette = std::array<ValueTable, 3>;

/// The tables of one file. All its slices share them: a table may be as long as a frame.
struct ValueTables {
  std::shared_ptr<const ValueTable> modality;  ///< Modality LUT Sequence (0028,3000); null when values are scaled
  std::shared_ptr<const Palette> palette;      ///< of PALETTE COLOR
  std::string problem;                         ///< why a table that the file has, or needs, cannot be read
};

}  // namespace consilium::imaging
