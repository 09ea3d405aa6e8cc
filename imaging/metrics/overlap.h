#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "imaging/geometry.h"

namespace consilium::imaging {

/// What Dice is worth when masks are empty. The four conventions in use differ only here.
enum class EmptyPolicy {
  kOneIfBothEmpty,          ///< BraTS 2023, MONAI with ignore_empty=false: both empty 1; else 0
  kUndefinedIfReferenceEmpty,  ///< MONAI's default: no value when the reference is empty
  kUndefinedIfBothEmpty,    ///< nnU-Net, DeepMind: no value when both are empty; one empty 0
};

/// 2 |A and B| / (|A| + |B|); masks are zero or not. Nothing where the policy says that there is no value.
/// @throws Error{kMismatch} the masks differ in length.
/// Source: Dice 1945, doi:10.2307/1932409.
std::optional<double> dice(std::span<const std::uint8_t> prediction, std::span<const std::uint8_t> reference, EmptyPolicy policy = EmptyPolicy::kOneIfBothEmpty);

/// Millilitres inside the mask.
double volume_ml(std::span<const std::uint8_t> mask, const Geometry& geometry);

}  // namespace consilium::imaging
