#include "imaging/dicom/colours.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace consilium::imaging {
namespace {

char clamped(double value) { return static_cast<char>(static_cast<unsigned char>(std::clamp(std::lround(value), 0L, 255L))); }

void to_rgb_pixel(char* pixel) {
  const auto y = static_cast<unsigned char>(pixel[0]);
  const double b = static_cast<unsigned char>(pixel[1]) - 128.0, r = static_cast<unsigned char>(pixel[2]) - 128.0;
  pixel[0] = clamped(y + 1.402 * r);
  pixel[1] = clamped(y - 0.344136 * b - 0.714136 * r);
  pixel[2] = clamped(y + 1.772 * b);
}

void interleave(std::span<char> bytes) {
  const std::vector<char> planes(bytes.begin(), bytes.end());
  const std::size_t pixels = bytes.size() / 3;
  for (std::size_t n = 0; n < pixels; ++n)
    for (std::size_t c = 0; c < 3; ++c) bytes[3 * n + c] = planes[c * pixels + n];
}

void spread_422(std::span<char> bytes) {
  const std::vector<char> pairs(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(bytes.size() / 3 * 2));
  for (std::size_t pair = 0; 4 * pair + 3 < pairs.size(); ++pair)
    for (std::size_t n = 0; n < 2 && 6 * pair + 3 * n + 2 < bytes.size(); ++n) {
      bytes[6 * pair + 3 * n] = pairs[4 * pair + n];
      bytes[6 * pair + 3 * n + 1] = pairs[4 * pair + 2], bytes[6 * pair + 3 * n + 2] = pairs[4 * pair + 3];
    }
}

}  // namespace

void to_rgb(std::span<char> bytes, const ColourLayout& layout) {
  if (layout.is_422) spread_422(bytes);
  if (layout.is_planar && !layout.is_422) interleave(bytes);
  if (!layout.is_ybr) return;
  for (std::size_t n = 0; n + 3 <= bytes.size(); n += 3) to_rgb_pixel(bytes.data() + n);
}

}  // namespace consilium::imaging
