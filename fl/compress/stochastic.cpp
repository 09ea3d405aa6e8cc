#include "fl/compress/stochastic.h"

#include <array>

#include "base/error.h"
#include "fl/compress/blocks.h"

namespace consilium::fl {
namespace {

constexpr int steps_of(int bits) { return (1 << (bits - 1)) - 1; }

}  // namespace

Parts encode_stochastic(std::span<const float> values, const StochasticOptions& options, Rng& rng) {
  const int steps = steps_of(options.bits);
  Parts parts(2);
  put(parts[0], static_cast<std::uint8_t>(options.bits));
  put(parts[0], static_cast<std::uint32_t>(options.block));
  std::vector<std::uint8_t> codes(values.size());
  for (std::size_t begin = 0; begin < values.size(); begin += options.block) {
    const std::size_t end = std::min(begin + options.block, values.size());
    const float most = largest_magnitude(values.subspan(begin, end - begin));
    put(parts[0], most);
    for (std::size_t n = begin; n < end; ++n) {
      // In float64 the quotient keeps what float32 would round away, and with it the mean.
      const double place = most > 0 ? static_cast<double>(values[n]) / most * steps : 0;
      codes[n] = static_cast<std::uint8_t>(static_cast<int>(std::floor(place + rng.uniform())) + steps);
    }
  }
  parts[1] = pack_bits(codes, options.bits);
  return parts;
}

void decode_stochastic(PartsView parts, std::span<float> values) {
  require_parts(parts, 2);
  ByteReader scales(parts[0]);
  const int bits = scales.take<std::uint8_t>();
  require(bits >= 2 && bits <= 8, ErrorCode::kCorruptData, "codes of " + std::to_string(bits) + " bits");
  const std::size_t block = take_block(scales);
  std::vector<std::uint8_t> codes(values.size());
  unpack_bits(parts[1], bits, codes);
  const int steps = steps_of(bits);
  for (std::size_t begin = 0; begin < values.size(); begin += block) {
    const auto most = scales.take<float>();
    std::array<float, 256> levels;
    for (int code = 0; code < 1 << bits; ++code)
      levels[code] = most * static_cast<float>(code - steps) / static_cast<float>(steps);
    const std::size_t end = std::min(begin + block, values.size());
    for (std::size_t n = begin; n < end; ++n) values[n] = levels[codes[n]];
  }
  scales.finish();
}

}  // namespace consilium::fl
