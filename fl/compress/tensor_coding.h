#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/rng.h"
#include "fl/compress/compression.h"
#include "models/state/model_state.h"

namespace consilium::fl {

/// One tensor as a codec wrote it: which codec, and what it made. Small tensors take another than the settings name.
struct CodedTensor {
  Codec codec = Codec::kNone;  ///< kNone: float32
  Parts parts;
};

/// The codec that `settings` gives a tensor of this shape.
Codec codec_for(const CompressionSettings& settings, const std::vector<std::int64_t>& shape);

/// `factor`: PowerSGD's Q, see encode_power_sgd; untouched by the others. `rng` is this tensor's own.
CodedTensor encode_tensor(const std::vector<std::int64_t>& shape, std::span<const float> values,
                          const CompressionSettings& settings, std::vector<float>& factor, Rng& rng);
/// @throws Error{kCorruptData} the parts are not those of a tensor of this shape.
std::vector<float> decode_tensor(Codec codec, PartsView parts, const std::vector<std::int64_t>& shape);

}  // namespace consilium::fl
