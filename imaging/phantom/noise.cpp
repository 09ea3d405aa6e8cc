#include "imaging/phantom/noise.h"

#include <cmath>
#include <numeric>
#include <utility>

namespace consilium::imaging {
namespace {

double fade(double t) { return t * t * t * (t * (t * 6 - 15) + 10); }
double mix(double t, double a, double b) { return a + t * (b - a); }

/// Dot product with one of twelve edge directions of a cube.
double slope(int hash, double x, double y, double z) {
  const int h = hash & 15;
  const double u = h < 8 ? x : y;
  const double v = h < 4 ? y : (h == 12 || h == 14 ? x : z);
  return ((h & 1) != 0 ? -u : u) + ((h & 2) != 0 ? -v : v);
}

}  // namespace

SmoothNoise::SmoothNoise(Rng rng) {
  std::iota(permutation_.begin(), permutation_.begin() + 256, std::uint8_t{0});
  for (std::size_t i = 255; i > 0; --i) std::swap(permutation_[i], permutation_[rng.below(i + 1)]);
  for (std::size_t i = 0; i < 256; ++i) permutation_[256 + i] = permutation_[i];
}

double SmoothNoise::operator()(double x, double y, double z) const {
  // The lattice points themselves are zeros of the noise: shifted, so that the patient's origin is not one.
  x += 0.37;
  y += 0.61;
  z += 0.23;
  const double fx = std::floor(x), fy = std::floor(y), fz = std::floor(z);
  const int ix = static_cast<int>(fx) & 255, iy = static_cast<int>(fy) & 255, iz = static_cast<int>(fz) & 255;
  x -= fx;
  y -= fy;
  z -= fz;
  const double u = fade(x), v = fade(y), w = fade(z);
  const auto& p = permutation_;
  const auto at = [&p](int i) { return static_cast<int>(p[static_cast<std::size_t>(i)]); };
  const int a = at(ix) + iy, aa = at(a & 511) + iz, ab = at((a + 1) & 511) + iz;
  const int b = at(ix + 1) + iy, ba = at(b & 511) + iz, bb = at((b + 1) & 511) + iz;
  const auto corner = [&](int i, double dx, double dy, double dz) { return slope(at(i & 511), dx, dy, dz); };
  return mix(w,
             mix(v, mix(u, corner(aa, x, y, z), corner(ba, x - 1, y, z)), mix(u, corner(ab, x, y - 1, z), corner(bb, x - 1, y - 1, z))),
             mix(v, mix(u, corner(aa + 1, x, y, z - 1), corner(ba + 1, x - 1, y, z - 1)),
                 mix(u, corner(ab + 1, x, y - 1, z - 1), corner(bb + 1, x - 1, y - 1, z - 1))));
}

}  // namespace consilium::imaging
