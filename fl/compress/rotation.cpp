#include "fl/compress/rotation.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/rng.h"
#include "fl/compress/bytes.h"

namespace consilium::fl {
namespace {

constexpr std::size_t kLongest = 1 << 15, kShortest = 128;  // 128 KiB: within a core's own cache

constexpr std::array<float, 1> kCentroids1{0.797884561F};
constexpr std::array<float, 2> kCentroids2{0.452780035F, 1.51041761F};
constexpr std::array<float, 4> kCentroids3{0.245094179F, 0.756005281F, 1.34390928F, 2.1519457F};
constexpr std::array<float, 8> kCentroids4{0.12839503F, 0.388048299F, 0.656759119F, 0.942340456F,
                                           1.2562312F,  1.61804639F,  2.06901723F,  2.73258957F};

/// Code of a magnitude: the number of the nearest centroid.
std::uint8_t nearest(std::span<const float> centroids, float magnitude) {
  std::uint8_t code = 0;
  for (std::size_t n = 1; n < centroids.size(); ++n) code += magnitude > (centroids[n - 1] + centroids[n]) / 2 ? 1 : 0;
  return code;
}

void flip_signs(std::span<float> values, Rng& rng) {
  for (std::size_t begin = 0; begin < values.size(); begin += 64) {
    std::uint64_t bits = rng.next();
    for (std::size_t n = begin; n < begin + 64; ++n, bits >>= 1) values[n] = (bits & 1) != 0 ? -values[n] : values[n];
  }
}

/// Codes of a rotated segment, and the scale S. The sign is the highest bit of a code.
float quantise(std::span<const float> rotated, std::span<const float> centroids, int bits, std::span<std::uint8_t> codes) {
  double square = 0;
  for (const float value : rotated) square += static_cast<double>(value) * value;
  if (square <= 0) return 0;
  const auto to_unit = static_cast<float>(std::sqrt(static_cast<double>(rotated.size()) / square));
  double product = 0;
  for (std::size_t n = 0; n < rotated.size(); ++n) {
    const float magnitude = std::abs(rotated[n]);
    const std::uint8_t code = nearest(centroids, magnitude * to_unit);
    product += static_cast<double>(magnitude) * centroids[code];
    codes[n] = static_cast<std::uint8_t>(code | (rotated[n] < 0 ? 1 << (bits - 1) : 0));
  }
  return static_cast<float>(square / product);
}

}  // namespace

void hadamard(std::span<float> values) {
  for (std::size_t half = 1; half < values.size(); half *= 2)
    for (std::size_t begin = 0; begin < values.size(); begin += 2 * half)
      for (std::size_t n = begin; n < begin + half; ++n) {
        const float a = values[n], b = values[n + half];
        values[n] = a + b;
        values[n + half] = a - b;
      }
  const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(values.size())));
  for (float& value : values) value *= scale;
}

std::span<const float> normal_centroids(int bits) {
  switch (bits) {
    case 1:
      return kCentroids1;
    case 2:
      return kCentroids2;
    case 3:
      return kCentroids3;
    default:
      return kCentroids4;
  }
}

std::vector<std::size_t> segment_lengths(std::size_t values) {
  std::vector<std::size_t> lengths;
  for (std::size_t length = kLongest; length >= kShortest; length /= 2)
    for (; values >= length; values -= length) lengths.push_back(length);
  if (values > 0) lengths.push_back(kShortest);
  return lengths;
}

Parts encode_rotation(std::span<const float> values, const RotationOptions& options) {
  Parts parts(2);
  put(parts[0], static_cast<std::uint8_t>(options.bits));
  put(parts[0], options.seed);
  const std::span<const float> centroids = normal_centroids(options.bits);
  Rng rng(options.seed);
  std::vector<float> segment;
  std::vector<std::uint8_t> codes;
  std::size_t begin = 0;
  for (const std::size_t length : segment_lengths(values.size())) {
    const std::size_t count = std::min(length, values.size() - begin);
    segment.assign(length, 0);
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(begin), count, segment.begin());
    flip_signs(segment, rng);
    hadamard(segment);
    codes.assign(length, 0);
    put(parts[0], quantise(segment, centroids, options.bits, codes));
    parts[1] += pack_bits(codes, options.bits);  // lengths are multiples of 128: every segment begins at a byte
    begin += count;
  }
  return parts;
}

void decode_rotation(PartsView parts, std::span<float> values) {
  require_parts(parts, 2);
  ByteReader scales(parts[0]), packed(parts[1]);
  const int bits = scales.take<std::uint8_t>();
  require(bits >= 1 && bits <= 4, ErrorCode::kCorruptData, "codes of " + std::to_string(bits) + " bits");
  Rng rng(scales.take<std::uint64_t>());
  const std::span<const float> centroids = normal_centroids(bits);
  std::array<float, 16> levels{};
  for (std::size_t n = 0; n < centroids.size(); ++n) {
    levels[n] = centroids[n];
    levels[n + centroids.size()] = -centroids[n];
  }
  std::vector<float> segment;
  std::vector<std::uint8_t> codes;
  std::size_t begin = 0;
  for (const std::size_t length : segment_lengths(values.size())) {
    const auto scale = scales.take<float>();
    codes.resize(length);
    unpack_bits(packed.take_bytes(packed_bytes(length, bits)), bits, codes);
    segment.resize(length);
    for (std::size_t n = 0; n < length; ++n) segment[n] = scale * levels[codes[n]];
    hadamard(segment);
    flip_signs(segment, rng);
    const std::size_t count = std::min(length, values.size() - begin);
    std::copy_n(segment.begin(), count, values.begin() + static_cast<std::ptrdiff_t>(begin));
    begin += count;
  }
  scales.finish();
  packed.finish();
}

}  // namespace consilium::fl
