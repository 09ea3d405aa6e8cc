#pragma once

#include <cstddef>
#include <span>

#include "fl/compress/values.h"

namespace consilium::fl {

/// The k values of largest magnitude and their places; the others are 0. Biased: it needs error feedback
/// (fl/compress/error_feedback.h), which sends what was left out in a later round. Of equal magnitudes the first ones are taken.
/// Places are written as the distances between them (varint), which zstd compresses. Source: Stich et al. 2018
/// (arXiv:1809.07599).
struct TopKOptions {
  double fraction = 0.05;  ///< k over the number of values, (0, 1]; k is at least 1
  ValueCoding values = ValueCoding::kBf16;
};
Parts encode_top_k(std::span<const float> values, const TopKOptions& options);
/// @throws Error{kCorruptData}
void decode_top_k(PartsView parts, std::span<float> values);

/// Places of the `k` values of largest magnitude, ascending; k is at most their number.
std::vector<std::uint32_t> largest_places(std::span<const float> values, std::size_t k);

}  // namespace consilium::fl
