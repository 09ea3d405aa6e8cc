#include "imaging/dicom/diffusion_series.h"

#include <algorithm>
#include <cmath>

#include "imaging/dicom/vendor.h"

namespace consilium::imaging {
namespace {

using Place = std::vector<DicomHeader>;

/// Vendors round both slice by slice.
constexpr double kSameShareOfB = 0.02, kSameDirection = 0.01;

bool same_weighting(const DicomHeader& a, const DicomHeader& b) {
  if (std::abs(*a.b_value - *b.b_value) > kSameShareOfB * std::max(*a.b_value, *b.b_value)) return false;
  if (a.gradient.has_value() != b.gradient.has_value()) return false;
  for (std::size_t n = 0; a.gradient && n < 3; ++n)
    if (std::abs((*a.gradient)[n] - (*b.gradient)[n]) > kSameDirection) return false;
  return true;
}

int lowest_number(const Place& place) {
  return std::min_element(place.begin(), place.end(), [](const auto& a, const auto& b) { return a.instance_number < b.instance_number; })->instance_number;
}

/// False when `place` has not the weightings of `model`.
bool reorder(Place& place, const Place& model) {
  std::vector<bool> taken(place.size());
  Place ordered;
  for (const DicomHeader& wanted : model) {
    std::size_t n = 0;
    while (n < place.size() && (taken[n] || !same_weighting(wanted, place[n]))) ++n;
    if (n == place.size()) return false;
    taken[n] = true;
    ordered.push_back(place[n]);
  }
  place = std::move(ordered);
  return true;
}

}  // namespace

void complete_diffusion(std::vector<DicomHeader>& images) {
  const bool is_weighted = std::any_of(images.begin(), images.end(), [](const DicomHeader& h) { return h.b_value.value_or(0) > 0; });
  const bool has_directions = std::any_of(images.begin(), images.end(), [](const DicomHeader& h) { return h.gradient.has_value(); });
  for (DicomHeader& image : images) {
    if (is_weighted && !image.b_value && (is_from(image, "toshiba") || is_from(image, "canon"))) image.b_value = 0;
    if (has_directions && image.is_isotropic && image.b_value.value_or(0) > 0) image.content = "mean over the diffusion directions";
  }
}

std::string order_by_weighting(std::vector<Place>& places) {
  for (const Place& place : places)
    for (const DicomHeader& image : place)
      if (!image.b_value) return "";
  const Place& model = *std::min_element(places.begin(), places.end(), [](const Place& a, const Place& b) { return lowest_number(a) < lowest_number(b); });
  for (Place& place : places) {
    if (std::equal(place.begin(), place.end(), model.begin(), model.end(), same_weighting)) continue;
    if (!reorder(place, model)) return "the diffusion weightings (b-values, directions) of one position are not those of the others";
  }
  return "";
}

}  // namespace consilium::imaging
