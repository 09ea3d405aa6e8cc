#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "imaging/label_map.h"

namespace consilium::imaging {

/// Whole tumour, tumour core, enhancing tumour; or the one lesion of a binary scheme.
enum class Region { kWT, kTC, kET, kLesion };
std::string_view to_string(Region region);  ///< "WT", "TC", "ET", "lesion"

/// Internal numbers of tumour tissue; those of BraTS 2023. A binary scheme uses 1 for its lesion.
inline constexpr Label kNecrotic = 1, kOedema = 2, kEnhancing = 3;

/// What the numbers of a label map mean. Always named by the user, never guessed.
struct LabelScheme {
  struct Entry {
    Label stored;
    Label internal;
  };
  std::string name;
  std::vector<Entry> entries;   ///< background 0 is understood; the first entry of an internal number is the one written back
  std::vector<Region> regions;  ///< what can be evaluated
};

/// "brats2021" (1 NCR, 2 ED, 4 ET), "brats2023" and "internal" (1, 2, 3), "brats2013" (1 necrosis, 2 ED, 3 non-enhancing, 4 ET; 1 and 3 are
/// one tissue here), "msd" (1 ED, 2 non-enhancing, 3 ET), "binary" (1).
/// @throws Error{kUsage} naming the known schemes.
const LabelScheme& label_scheme(std::string_view name);

/// @throws Error{kMismatch} a number that the scheme does not have.
LabelMap to_internal(const LabelMap& stored, const LabelScheme& scheme);
LabelMap from_internal(const LabelMap& internal, const LabelScheme& scheme);

/// 1 where the voxel belongs to the region. WT = 1, 2, 3; TC = 1, 3; ET = 3; lesion = any.
std::vector<std::uint8_t> region_mask(const LabelMap& internal, Region region);

}  // namespace consilium::imaging
