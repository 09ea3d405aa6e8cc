#pragma once

#include <span>

#include "fl/compress/parts.h"

namespace consilium::fl {

/// One bit a value: x ~ sign(x) |x|_1 / d, with d the number of values; the sign of 0 is +. Biased: it needs error feedback.
/// Source: Karimireddy et al. 2019, EF-signSGD (arXiv:1901.09847), algorithm 1, tensor by tensor as in their experiments.
Parts encode_sign(std::span<const float> values);
/// @throws Error{kCorruptData}
void decode_sign(PartsView parts, std::span<float> values);

}  // namespace consilium::fl
