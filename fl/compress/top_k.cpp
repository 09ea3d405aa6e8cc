#include "fl/compress/top_k.h"

#include <algorithm>
#include <cmath>

#include "fl/compress/bytes.h"

namespace consilium::fl {

std::vector<std::uint32_t> largest_places(std::span<const float> values, std::size_t k) {
  if (k == 0) return {};
  std::vector<float> magnitudes(values.size());
  for (std::size_t n = 0; n < values.size(); ++n) magnitudes[n] = std::abs(values[n]);
  const auto kth = magnitudes.begin() + static_cast<std::ptrdiff_t>(k - 1);
  std::nth_element(magnitudes.begin(), kth, magnitudes.end(), std::greater<>());
  const float threshold = *kth;
  // Those above the threshold are all taken; of those on it, as many as there is room for.
  auto on_threshold = static_cast<std::size_t>(std::count(magnitudes.begin(), kth + 1, threshold));
  std::vector<std::uint32_t> places;
  places.reserve(k);
  for (std::size_t n = 0; n < values.size(); ++n) {
    const float magnitude = std::abs(values[n]);
    if (magnitude < threshold || (magnitude == threshold && on_threshold == 0)) continue;
    if (magnitude == threshold) --on_threshold;
    places.push_back(static_cast<std::uint32_t>(n));
  }
  return places;
}

Parts encode_top_k(std::span<const float> values, const TopKOptions& options) {
  const auto wanted = static_cast<std::size_t>(std::llround(options.fraction * static_cast<double>(values.size())));
  const auto places = largest_places(values, std::min(values.size(), std::max<std::size_t>(1, wanted)));
  Parts parts(1);
  put(parts[0], static_cast<std::uint8_t>(options.values));
  put_varint(parts[0], places.size());
  std::vector<float> chosen;
  std::uint32_t next = 0;
  for (const std::uint32_t place : places) {
    put_varint(parts[0], place - next);
    next = place + 1;
    chosen.push_back(values[place]);
  }
  for (std::string& part : encode_values(options.values, chosen)) parts.push_back(std::move(part));
  return parts;
}

void decode_top_k(PartsView parts, std::span<float> values) {
  require(!parts.empty(), ErrorCode::kCorruptData, "there are no places");
  ByteReader reader(parts[0]);
  const ValueCoding coding = value_coding(reader.take<std::uint8_t>());
  const std::uint64_t count = reader.take_varint();
  require(count <= values.size(), ErrorCode::kCorruptData, "more places than values");
  std::vector<float> chosen(count);
  decode_values(coding, parts.subspan(1), chosen);
  std::fill(values.begin(), values.end(), 0.0F);
  std::uint64_t next = 0;
  for (const float value : chosen) {
    const std::uint64_t distance = reader.take_varint();
    require(distance < values.size() - next, ErrorCode::kCorruptData, "a place behind the end of the tensor");
    values[next + distance] = value;
    next += distance + 1;
  }
  reader.finish();
}

}  // namespace consilium::fl
