#include "imaging/dicom/slices.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <numbers>
#include <optional>
#include <tuple>

#include "imaging/dicom/diffusion_series.h"
#include "imaging/vec3.h"

namespace consilium::imaging {
namespace {

/// Positions closer than this are one position; headers hold three decimals or more.
constexpr double kSamePosition_mm = 0.01;
/// Distances may differ by this part of their mean: positions are rounded. Beyond it a voxel's place would be wrong by more than
/// rounding.
constexpr double kUnevenShare = 0.02;

Vec3 normal_of(const DicomHeader& h) { return cross(h.row, h.column); }

/// "13 x 4.002, 1 x 1.081, 13 x 6.999"
std::string list_gaps(const std::vector<double>& gaps) {
  std::string text;
  for (std::size_t first = 0; first < gaps.size();) {
    std::size_t last = first;
    while (last < gaps.size() && std::abs(gaps[last] - gaps[first]) < 0.005) ++last;
    text += fmt::format("{}{} x {:.3f}", text.empty() ? "" : ", ", last - first, gaps[first]);
    first = last;
    if (text.size() > 300 && first < gaps.size()) return text + ", ...";
  }
  return text;
}

/// Slices that must be missing when every gap is a multiple of the smallest; 0 when that explains nothing, or more are missing
/// than there.
long missing_slices(const std::vector<double>& gaps) {
  const double least = *std::min_element(gaps.begin(), gaps.end());
  long missing = 0;
  for (const double gap : gaps) {
    const double steps = gap / least;
    if (std::abs(steps - std::round(steps)) > kUnevenShare * steps || steps > 1e6) return 0;
    missing += std::lround(steps) - 1;
  }
  return missing <= static_cast<long>(gaps.size()) ? missing : 0;
}

std::string problem_of_gaps(const std::vector<double>& gaps) {
  double mean = 0;
  for (const double gap : gaps) mean += gap / static_cast<double>(gaps.size());
  const auto [least, most] = std::minmax_element(gaps.begin(), gaps.end());
  if (*most - *least <= kUnevenShare * mean) return "";
  if (const long missing = missing_slices(gaps); missing > 0)
    return fmt::format("{} slice{} missing: the gaps are (mm) {}", missing, missing == 1 ? " is" : "s are", list_gaps(gaps));
  return "slices are not evenly spaced: the gaps are (mm) " + list_gaps(gaps);
}

/// Slices must lie straight above one another: by how much they do not when the last lies more than half a pixel, or more than a
/// hundredth of the height, aside; else 0.
double shear_degrees(const Series& series, const Vec3& normal) {
  const DicomHeader &first = series.slices.front(), &last = series.slices.back();
  Vec3 way;
  for (std::size_t a = 0; a < 3; ++a) way[a] = last.position_mm[a] - first.position_mm[a];
  const double height = dot(way, normal);
  const double aside = std::sqrt(std::max(0.0, dot(way, way) - height * height));
  const double allowed = std::min(0.5 * std::min(first.row_spacing_mm, first.column_spacing_mm), 0.01 * height);
  // Short stacks: rounded positions must not count.
  return aside <= std::max(allowed, 0.02) ? 0 : std::atan2(aside, height) * 180 / std::numbers::pi;
}

/// Angle between the normal and the way from the first slice to the last, never Gantry/Detector Tilt (0018,1120), whose sign
/// vendors see differently.
std::string problem_of_shear(double degrees) {
  if (degrees == 0) return "";
  return fmt::format("the slices are sheared by {:.2f} degrees (gantry tilt): a grid of voxels would need resampling", degrees);
}

/// Fills geometry, or problem. Slices are sorted, one per position.
void derive_geometry(Series& series) {
  const DicomHeader& first = series.slices.front();
  const Vec3 normal = normal_of(first);
  double step = first.slice_spacing_mm > 0 ? first.slice_spacing_mm : first.slice_thickness_mm;
  if (step <= 0) step = 1;
  if (series.slices.size() > 1) {
    std::vector<double> gaps;
    for (std::size_t n = 1; n < series.slices.size(); ++n)
      gaps.push_back(dot(normal, series.slices[n].position_mm) - dot(normal, series.slices[n - 1].position_mm));
    series.tilt_degrees = shear_degrees(series, normal);
    const std::string uneven = problem_of_gaps(gaps), shear = problem_of_shear(series.tilt_degrees);
    series.is_uneven = !uneven.empty();
    series.problem = uneven + (uneven.empty() || shear.empty() ? "" : "; ") + shear;
    if (!series.problem.empty()) return;
    step = (dot(normal, series.slices.back().position_mm) - dot(normal, first.position_mm)) / static_cast<double>(gaps.size());
  }
  Geometry& g = series.geometry;
  g.size = {static_cast<std::size_t>(first.columns), static_cast<std::size_t>(first.rows), series.slices.size()};
  g.spacing_mm = {first.column_spacing_mm, first.row_spacing_mm, step};
  g.origin_mm = first.position_mm;
  for (std::size_t a = 0; a < 3; ++a) g.direction[a] = {first.row[a], first.column[a], normal[a]};
}

using Places = std::vector<std::vector<DicomHeader>>;

/// The order of images of one place: dimension indices, Temporal Position, Acquisition Number, Instance Number.
auto time_of(const DicomHeader& h) { return std::make_tuple(h.frame_key, h.temporal_position.value_or(0), h.acquisition_number.value_or(0), h.instance_number, h.frame); }

/// Images by position, each place in the order of time.
Places places_of(std::vector<DicomHeader> slices) {
  const Vec3 normal = normal_of(slices.front());
  const auto height = [&](const DicomHeader& h) { return dot(normal, h.position_mm); };
  std::stable_sort(slices.begin(), slices.end(), [&](const auto& a, const auto& b) { return height(a) < height(b); });
  Places places;
  for (DicomHeader& slice : slices) {
    if (places.empty() || height(slice) - height(places.back().front()) > kSamePosition_mm) places.emplace_back();
    places.back().push_back(std::move(slice));
  }
  for (auto& place : places)
    std::stable_sort(place.begin(), place.end(), [&](const auto& a, const auto& b) { return time_of(a) < time_of(b); });
  return places;
}

/// Whether two images of one place have the same time, so that nothing tells which volume each belongs to.
bool has_ties(const Places& places) {
  for (const auto& place : places)
    for (std::size_t n = 1; n < place.size(); ++n)
      if (place[n].temporal_position == place[n - 1].temporal_position &&
          place[n].acquisition_number == place[n - 1].acquisition_number &&
          place[n].instance_number == place[n - 1].instance_number && place[n].frame_key == place[n - 1].frame_key &&
          place[n].frame == place[n - 1].frame)
        return true;
  return false;
}

/// Why the places do not make whole volumes.
std::string problem_of_places(const Places& places) {
  std::map<std::size_t, std::size_t> positions_with;
  for (const auto& place : places) ++positions_with[place.size()];
  if (positions_with.size() == 1)
    return has_ties(places)
               ? fmt::format("{} images lie at each position, and nothing tells which belong together", places.front().size())
               : "";
  std::string counts;
  for (const auto& [images, positions] : positions_with)
    counts += fmt::format("{}{} of {} positions hold {}", counts.empty() ? "" : ", ", positions, places.size(), images);
  return "slices are missing, or several acquisitions share one series (images: " + counts + ")";
}

/// A time series that was stopped: some places lack the last image, and those that others have are later than all the rest. Two whole volumes are asked for: of one, a
/// second copy of some slices looks the same.
bool ends_early(const Places& places) {
  std::size_t most = 0;
  for (const auto& place : places) most = std::max(most, place.size());
  const bool lacks = std::any_of(places.begin(), places.end(), [&](const auto& place) { return place.size() < most; });
  if (most < 3 || !lacks) return false;
  const DicomHeader* latest_whole = nullptr;
  const DicomHeader* earliest_left = nullptr;
  for (const auto& place : places) {
    if (place.size() + 1 < most) return false;
    if (latest_whole == nullptr || time_of(place[most - 2]) > time_of(*latest_whole)) latest_whole = &place[most - 2];
    if (place.size() == most && (earliest_left == nullptr || time_of(place.back()) < time_of(*earliest_left))) earliest_left = &place.back();
  }
  return time_of(*latest_whole) < time_of(*earliest_left);
}

/// What was left of the last volume, taken out of `places`.
Series take_last_volume(Places& places) {
  std::size_t whole = places.front().size();
  for (const auto& place : places) whole = std::min(whole, place.size());
  Series left;
  left.volume = static_cast<int>(whole) + 1;
  for (auto& place : places) {
    if (place.size() == whole) continue;
    left.slices.push_back(std::move(place.back()));
    place.pop_back();
  }
  left.problem = fmt::format("the last volume is not whole: {} of {} slices are there; it was stopped, or did not arrive", left.slices.size(), places.size());
  return left;
}

}  // namespace

std::vector<Series> arrange_slices(std::vector<DicomHeader> slices) {
  Places places = places_of(std::move(slices));
  std::optional<Series> left;
  if (ends_early(places)) left = take_last_volume(places);
  std::string problem = problem_of_places(places);
  if (problem.empty()) problem = order_by_weighting(places);
  if (!problem.empty()) {
    Series series;
    series.problem = problem;
    for (auto& place : places) std::move(place.begin(), place.end(), std::back_inserter(series.slices));
    if (left) std::move(left->slices.begin(), left->slices.end(), std::back_inserter(series.slices));
    return {std::move(series)};
  }
  std::vector<Series> volumes(places.front().size());
  for (std::size_t v = 0; v < volumes.size(); ++v) {
    if (volumes.size() > 1) volumes[v].volume = static_cast<int>(v + 1);
    for (auto& place : places) volumes[v].slices.push_back(std::move(place[v]));
    derive_geometry(volumes[v]);
  }
  if (left) volumes.push_back(*std::move(left));
  return volumes;
}

}  // namespace consilium::imaging
