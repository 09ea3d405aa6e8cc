#include "imaging/dicom/slices.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace consilium::imaging {
namespace {

/// Positions closer than this are one position, mm.
constexpr double kSamePosition = 1e-3;

double dot(const Vec3& a, const Vec3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
Vec3 cross(const Vec3& a, const Vec3& b) { return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]}; }

/// "13 x 4.002, 1 x 1.081, 13 x 6.999"
std::string list_gaps(const std::vector<double>& gaps) {
  std::string text;
  for (std::size_t first = 0; first < gaps.size();) {
    std::size_t last = first;
    while (last < gaps.size() && std::abs(gaps[last] - gaps[first]) < 0.005) ++last;
    text += fmt::format("{}{} x {:.3f}", text.empty() ? "" : ", ", last - first, gaps[first]);
    first = last;
    if (text.size() > 300) return text + ", ...";
  }
  return text;
}

/// Fills geometry, or problem. Slices are sorted, one per position.
void derive_geometry(Series& series) {
  const DicomHeader& first = series.slices.front();
  const Vec3 normal = cross(first.row, first.column);
  std::vector<double> gaps;
  for (std::size_t n = 1; n < series.slices.size(); ++n)
    gaps.push_back(dot(normal, series.slices[n].position_mm) - dot(normal, series.slices[n - 1].position_mm));
  double step = first.slice_thickness_mm > 0 ? first.slice_thickness_mm : 1;
  if (!gaps.empty()) {
    const auto [least, most] = std::minmax_element(gaps.begin(), gaps.end());
    step = 0;
    for (const double gap : gaps) step += gap / static_cast<double>(gaps.size());
    if (*most - *least > std::max(0.02 * step, 0.02)) {
      series.problem = "slices are not evenly spaced; the gaps are (mm) " + list_gaps(gaps);
      return;
    }
    Vec3 shift{};
    for (std::size_t a = 0; a < 3; ++a) shift[a] = series.slices.back().position_mm[a] - first.position_mm[a] - normal[a] * step * static_cast<double>(gaps.size());
    const double lateral = std::hypot(shift[0], shift[1], shift[2]) / static_cast<double>(gaps.size());
    if (lateral > 0.01 * step) {
      series.problem = fmt::format("the slices are sheared (gantry tilt of {:.1f} degrees): each lies {:.3f} mm beside the one below", std::atan2(lateral, step) * 180 / M_PI, lateral);
      return;
    }
  }
  Geometry& g = series.geometry;
  g.size = {static_cast<std::size_t>(first.columns), static_cast<std::size_t>(first.rows), series.slices.size()};
  g.spacing_mm = {first.column_spacing_mm, first.row_spacing_mm, step};
  g.origin_mm = first.position_mm;
  for (std::size_t a = 0; a < 3; ++a) g.direction[a] = {first.row[a], first.column[a], normal[a]};
}

}  // namespace

std::vector<Series> arrange_slices(std::vector<DicomHeader> slices) {
  const Vec3 normal = cross(slices.front().row, slices.front().column);
  const auto height = [&](const DicomHeader& h) { return dot(normal, h.position_mm); };
  std::sort(slices.begin(), slices.end(), [&](const DicomHeader& a, const DicomHeader& b) {
    const double difference = height(a) - height(b);
    if (std::abs(difference) > kSamePosition) return difference < 0;
    return std::tie(a.instance_number, a.sop_instance_uid) < std::tie(b.instance_number, b.sop_instance_uid);
  });
  std::vector<std::vector<DicomHeader>> places;
  for (DicomHeader& slice : slices) {
    if (places.empty() || height(slice) - height(places.back().front()) > kSamePosition) places.emplace_back();
    places.back().push_back(std::move(slice));
  }
  const std::size_t volumes = places.front().size();
  const bool full = std::all_of(places.begin(), places.end(), [&](const auto& place) { return place.size() == volumes; });
  std::vector<Series> result(full ? volumes : 1);
  for (std::size_t v = 0; v < result.size(); ++v) {
    if (volumes > 1 && full) result[v].volume = static_cast<int>(v + 1);
    for (auto& place : places) {
      if (full) {
        result[v].slices.push_back(std::move(place[v]));
      } else {
        for (DicomHeader& slice : place) result[v].slices.push_back(std::move(slice));
      }
    }
    if (full) {
      derive_geometry(result[v]);
    } else {
      result[v].problem = "some positions hold more images than others: slices are missing, or several acquisitions share one series";
    }
  }
  return result;
}

}  // namespace consilium::imaging
