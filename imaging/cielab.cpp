#include "imaging/cielab.h"

#include <algorithm>
#include <cmath>

#include "imaging/geometry.h"

namespace consilium::imaging {
namespace {

/// Linear sRGB -> XYZ relative to D50, and back.
constexpr Matrix3 kToXyz{{{0.4360747, 0.3850649, 0.1430804}, {0.2225045, 0.7168786, 0.0606169}, {0.0139322, 0.0971045, 0.7141733}}};
constexpr Matrix3 kFromXyz{{{3.1338561, -1.6168667, -0.4906146}, {-0.9787684, 1.9161415, 0.0334540}, {0.0719453, -0.2289914, 1.4052427}}};
constexpr Vec3 kWhite{0.9642, 1.0, 0.8249};
/// Where CIE's cube root goes over into a straight line.
constexpr double kBend = 6.0 / 29.0;

Vec3 times(const Matrix3& m, const Vec3& v) {
  Vec3 out{};
  for (std::size_t r = 0; r < 3; ++r) out[r] = m[r][0] * v[0] + m[r][1] * v[1] + m[r][2] * v[2];
  return out;
}

double to_linear(double c) { return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4); }
double from_linear(double c) { return c <= 0.0031308 ? 12.92 * c : 1.055 * std::pow(c, 1 / 2.4) - 0.055; }
double bent(double t) { return t > kBend * kBend * kBend ? std::cbrt(t) : t / (3 * kBend * kBend) + 4.0 / 29.0; }
double straight(double f) { return f > kBend ? f * f * f : 3 * kBend * kBend * (f - 4.0 / 29.0); }
std::uint16_t to_cell(double value) { return static_cast<std::uint16_t>(std::lround(std::clamp(value, 0.0, 65535.0))); }

}  // namespace

CieLab to_cielab(const Rgb& rgb) {
  Vec3 linear{};
  for (std::size_t n = 0; n < 3; ++n) linear[n] = to_linear(rgb[n] / 255.0);
  const Vec3 xyz = times(kToXyz, linear);
  const double x = bent(xyz[0] / kWhite[0]), y = bent(xyz[1] / kWhite[1]), z = bent(xyz[2] / kWhite[2]);
  return {to_cell((116 * y - 16) / 100 * 65535), to_cell((500 * (x - y) + 128) / 255 * 65535), to_cell((200 * (y - z) + 128) / 255 * 65535)};
}

Rgb to_rgb(const CieLab& lab) {
  const double l = lab[0] / 65535.0 * 100, a = lab[1] / 65535.0 * 255 - 128, b = lab[2] / 65535.0 * 255 - 128;
  const double y = (l + 16) / 116, x = y + a / 500, z = y - b / 200;
  const Vec3 linear = times(kFromXyz, {kWhite[0] * straight(x), kWhite[1] * straight(y), kWhite[2] * straight(z)});
  Rgb rgb{};
  for (std::size_t n = 0; n < 3; ++n)
    rgb[n] = static_cast<std::uint8_t>(std::lround(std::clamp(from_linear(std::max(linear[n], 0.0)), 0.0, 1.0) * 255));
  return rgb;
}

}  // namespace consilium::imaging
