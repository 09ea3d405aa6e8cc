#include "fl/compress/tensor_coding.h"

#include "base/error.h"
#include "fl/compress/bf16.h"
#include "fl/compress/float32.h"
#include "fl/compress/int8.h"
#include "fl/compress/power_sgd.h"
#include "fl/compress/rotation.h"
#include "fl/compress/sign.h"
#include "fl/compress/stochastic.h"
#include "fl/compress/top_k.h"

namespace consilium::fl {
namespace {

std::size_t rows_of(const std::vector<std::int64_t>& shape) {
  return shape.empty() ? 1 : static_cast<std::size_t>(shape.front());
}

}  // namespace

Codec codec_for(const CompressionSettings& settings, const std::vector<std::int64_t>& shape) {
  const std::int64_t count = element_count(shape);
  if (settings.codec == Codec::kNone || settings.codec == Codec::kBf16) return settings.codec;
  if (shape.size() < 2 || count < settings.smallest) return Codec::kBf16;
  const auto rows = rows_of(shape);
  if (settings.codec == Codec::kPowerSgd && power_sgd_rank(rows, static_cast<std::size_t>(count) / rows, settings.rank) == 0)
    return Codec::kBf16;
  return settings.codec;
}

CodedTensor encode_tensor(const std::vector<std::int64_t>& shape, std::span<const float> values, const CompressionSettings& s,
                          std::vector<float>& factor, Rng& rng) {
  const Codec codec = codec_for(s, shape);
  switch (codec) {
    case Codec::kBf16:
      return {codec, encode_bf16(values)};
    case Codec::kInt8:
      return {codec, encode_int8(values, static_cast<std::size_t>(s.block))};
    case Codec::kStochastic:
      return {codec, encode_stochastic(values, {s.bits, static_cast<std::size_t>(s.block)}, rng)};
    case Codec::kTopK:
      return {codec, encode_top_k(values, {s.fraction, s.values})};
    case Codec::kSign:
      return {codec, encode_sign(values)};
    case Codec::kPowerSgd:
      return {codec, encode_power_sgd(values, rows_of(shape), {s.rank, s.values}, factor, rng)};
    case Codec::kRotation:
      return {codec, encode_rotation(values, {s.bits, rng.next()})};
    default:
      return {codec, encode_float32(values)};
  }
}

std::vector<float> decode_tensor(Codec codec, PartsView parts, const std::vector<std::int64_t>& shape) {
  std::vector<float> values(static_cast<std::size_t>(element_count(shape)));
  switch (codec) {
    case Codec::kBf16:
      decode_bf16(parts, values);
      break;
    case Codec::kInt8:
      decode_int8(parts, values);
      break;
    case Codec::kStochastic:
      decode_stochastic(parts, values);
      break;
    case Codec::kTopK:
      decode_top_k(parts, values);
      break;
    case Codec::kSign:
      decode_sign(parts, values);
      break;
    case Codec::kPowerSgd:
      decode_power_sgd(parts, rows_of(shape), values);
      break;
    case Codec::kRotation:
      decode_rotation(parts, values);
      break;
    default:
      decode_float32(parts, values);
  }
  return values;
}

}  // namespace consilium::fl
