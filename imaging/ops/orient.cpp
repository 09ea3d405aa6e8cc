#include "imaging/ops/orient.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace consilium::imaging {
namespace {

constexpr char kPositive[] = "LPS";
constexpr char kNegative[] = "RAI";

/// For each index axis: the patient axis (0..2) it follows best, each patient axis once, and the sign.
struct Axes {
  std::array<int, 3> patient;
  std::array<bool, 3> positive;
};

Axes axes_of(const Geometry& g) {
  // Of the six assignments, the one with the largest sum of cosines: unique even for oblique grids near 45 degrees.
  std::array<int, 3> order{0, 1, 2}, best = order;
  double best_sum = -1;
  do {
    double sum = 0;
    for (int c = 0; c < 3; ++c) sum += std::abs(g.direction[order[c]][c]);
    if (sum > best_sum + 1e-9) best_sum = sum, best = order;
  } while (std::next_permutation(order.begin(), order.end()));
  Axes axes{best, {}};
  for (int c = 0; c < 3; ++c) axes.positive[c] = g.direction[best[c]][c] > 0;
  return axes;
}

Axes parse_code(std::string_view code) {
  Axes axes{};
  std::array<bool, 3> seen{};
  require(code.size() == 3, ErrorCode::kUsage, "orientation \"" + std::string(code) + "\" is not three letters such as LPS");
  for (int c = 0; c < 3; ++c) {
    int axis = 0;
    while (axis < 3 && code[c] != kPositive[axis] && code[c] != kNegative[axis]) ++axis;
    require(axis < 3 && !seen[axis], ErrorCode::kUsage, "orientation \"" + std::string(code) + "\" needs one letter of each of L/R, P/A and S/I");
    seen[axis] = true;
    axes.patient[c] = axis;
    axes.positive[c] = code[c] == kPositive[axis];
  }
  return axes;
}

template <typename T>
void reorder(const Geometry& from, const std::vector<T>& values, std::string_view code, Geometry& to, std::vector<T>& out) {
  const Axes have = axes_of(from), want = parse_code(code);
  std::array<std::size_t, 3> source_axis;
  std::array<bool, 3> flip;
  Vec3 corner{0, 0, 0};
  for (int c = 0; c < 3; ++c) {
    const auto at = std::find(have.patient.begin(), have.patient.end(), want.patient[c]) - have.patient.begin();
    source_axis[c] = static_cast<std::size_t>(at);
    flip[c] = have.positive[at] != want.positive[c];
    to.size[c] = from.size[at];
    to.spacing_mm[c] = from.spacing_mm[at];
    for (int r = 0; r < 3; ++r) to.direction[r][c] = flip[c] ? -from.direction[r][at] + 0.0 : from.direction[r][at];
    if (flip[c]) corner[at] = static_cast<double>(from.size[at]) - 1;
  }
  to.origin_mm = to_position_mm(from, corner);
  const std::array<std::ptrdiff_t, 3> stride{1, static_cast<std::ptrdiff_t>(from.size[0]), static_cast<std::ptrdiff_t>(from.size[0] * from.size[1])};
  std::ptrdiff_t start = 0;
  std::array<std::ptrdiff_t, 3> step;
  for (int c = 0; c < 3; ++c) {
    const std::ptrdiff_t s = stride[source_axis[c]];
    step[c] = flip[c] ? -s : s;
    if (flip[c]) start += s * static_cast<std::ptrdiff_t>(to.size[c] - 1);
  }
  out.resize(values.size());
  std::size_t n = 0;
  for (std::ptrdiff_t k = 0; k < static_cast<std::ptrdiff_t>(to.size[2]); ++k)
    for (std::ptrdiff_t j = 0; j < static_cast<std::ptrdiff_t>(to.size[1]); ++j)
      for (std::ptrdiff_t i = 0; i < static_cast<std::ptrdiff_t>(to.size[0]); ++i) out[n++] = values[static_cast<std::size_t>(start + i * step[0] + j * step[1] + k * step[2])];
}

}  // namespace

std::string orientation_code(const Geometry& geometry) {
  const Axes axes = axes_of(geometry);
  std::string code;
  for (int c = 0; c < 3; ++c) code += axes.positive[c] ? kPositive[axes.patient[c]] : kNegative[axes.patient[c]];
  return code;
}

Volume orient(const Volume& volume, std::string_view code) {
  Volume result;
  reorder(volume.geometry, volume.voxels, code, result.geometry, result.voxels);
  return result;
}

LabelMap orient(const LabelMap& labels, std::string_view code) {
  LabelMap result;
  reorder(labels.geometry, labels.labels, code, result.geometry, result.labels);
  return result;
}

}  // namespace consilium::imaging
