#include "pipelines/diffusion_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"
#include "imaging/vec3.h"

namespace consilium::pipelines {

bool is_diffusion(const std::vector<const imaging::Series*>& volumes) {
  const auto b = [](const imaging::Series* s) { return s->header().b_value; };
  return !volumes.empty() && std::all_of(volumes.begin(), volumes.end(), [&](const auto* s) { return b(s).has_value(); }) &&
         std::any_of(volumes.begin(), volumes.end(), [&](const auto* s) { return *b(s) > 0; });
}

bool has_directions(const std::vector<const imaging::Series*>& volumes) {
  return std::any_of(volumes.begin(), volumes.end(), [](const auto* s) { return s->header().gradient.has_value(); });
}

void write_diffusion(const fs::path& bval, const fs::path& bvec, const std::vector<const imaging::Series*>& volumes,
                     const Matrix3& direction) {
  Vec3 axes[3];
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t r = 0; r < 3; ++r) axes[c][r] = direction[r][c];
  // LPS and RAS differ by a rotation: the determinant is the same.
  const bool right_handed = dot(cross(axes[0], axes[1]), axes[2]) > 0;
  std::string values, lines[3];
  for (const imaging::Series* series : volumes) {
    const imaging::DicomHeader& h = series->header();
    values += fmt::format("{}{:g}", values.empty() ? "" : " ", *h.b_value);
    const Vec3 gradient = h.gradient.value_or(Vec3{0, 0, 0});
    for (std::size_t c = 0; c < 3; ++c) {
      const double along = dot(gradient, axes[c]) * (c == 0 && right_handed ? -1 : 1);
      lines[c] += fmt::format("{}{:.6g}", lines[c].empty() ? "" : " ", along + 0.0);
    }
  }
  write_file(bval, values + "\n", Durability::kKill);
  if (!bvec.empty()) write_file(bvec, lines[0] + "\n" + lines[1] + "\n" + lines[2] + "\n", Durability::kKill);
}

}  // namespace consilium::pipelines
