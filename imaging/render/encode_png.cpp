#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "base/error.h"
#include "imaging/render/picture.h"

// By zlib alone: an image library of its own would cost every small program 0.2 s of loading.

namespace consilium::imaging {
namespace {

void append_number(std::string& text, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(number >> shift & 0xFF);
}

void append_chunk(std::string& png, const std::string& kind, const std::string& content) {
  append_number(png, static_cast<std::uint32_t>(content.size()));
  const std::string body = kind + content;
  png += body;
  append_number(png, static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()))));
}

int paeth(int left, int up, int corner) {
  const int to_left = std::abs(up - corner), to_up = std::abs(left - corner), to_corner = std::abs(left + up - 2 * corner);
  if (to_left <= to_up && to_left <= to_corner) return left;
  return to_up <= to_corner ? up : corner;
}

/// The row as differences from what filter `kind` foretells (0 nothing, 1 left, 2 above, 4 Paeth).
std::string filtered(const std::uint8_t* row, const std::uint8_t* above, std::size_t bytes, std::size_t pixel, char kind) {
  std::string result(1, kind);
  for (std::size_t n = 0; n < bytes; ++n) {
    const int left = n >= pixel ? row[n - pixel] : 0, up = above != nullptr ? above[n] : 0;
    const int corner = n >= pixel && above != nullptr ? above[n - pixel] : 0;
    const int foretold = kind == 1 ? left : kind == 2 ? up : kind == 4 ? paeth(left, up, corner) : 0;
    result += static_cast<char>(row[n] - foretold);
  }
  return result;
}

/// With the filter of the smallest sum of differences, as the standard advises (12.8).
std::string best_filtered(const std::uint8_t* row, const std::uint8_t* above, std::size_t bytes, std::size_t pixel) {
  std::string best;
  long least = std::numeric_limits<long>::max();
  for (const char kind : {0, 1, 2, 4}) {
    std::string candidate = filtered(row, above, bytes, pixel, kind);
    long sum = 0;
    for (std::size_t n = 1; n < candidate.size(); ++n) sum += std::abs(static_cast<int>(static_cast<signed char>(candidate[n])));
    if (sum < least) least = sum, best = std::move(candidate);
  }
  return best;
}

}  // namespace

// Source: PNG specification, third edition (W3C 2025), sections 9 (filters) and 11 (chunks).
std::string encode_png(const Picture& p) {
  require(p.width > 0 && p.height > 0 && (p.channels == 1 || p.channels == 3 || p.channels == 4), ErrorCode::kUsage, "a picture without pixels");
  const std::size_t pixel = static_cast<std::size_t>(p.channels), bytes = static_cast<std::size_t>(p.width) * pixel;
  require(p.bytes.size() == bytes * static_cast<std::size_t>(p.height), ErrorCode::kUsage, "a picture whose bytes do not fit its size");
  std::string rows;
  for (std::size_t y = 0; y < static_cast<std::size_t>(p.height); ++y) {
    const std::uint8_t* row = p.bytes.data() + y * bytes;
    rows += best_filtered(row, y > 0 ? row - bytes : nullptr, bytes, pixel);
  }
  std::string packed(compressBound(static_cast<uLong>(rows.size())), '\0');
  uLongf length = static_cast<uLongf>(packed.size());
  require(compress2(reinterpret_cast<Bytef*>(packed.data()), &length, reinterpret_cast<const Bytef*>(rows.data()), static_cast<uLong>(rows.size()), 9) == Z_OK,
          ErrorCode::kUnexpected, "a picture could not be encoded");
  packed.resize(length);
  std::string head;
  append_number(head, static_cast<std::uint32_t>(p.width)), append_number(head, static_cast<std::uint32_t>(p.height));
  head += {8, p.channels == 1 ? '\0' : p.channels == 3 ? '\2' : '\6', 0, 0, 0};
  std::string png = "\x89PNG\r\n\x1a\n";
  append_chunk(png, "IHDR", head), append_chunk(png, "IDAT", packed), append_chunk(png, "IEND", "");
  return png;
}

}  // namespace consilium::imaging
