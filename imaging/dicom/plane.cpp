#include "imaging/dicom/plane.h"

#include <cmath>

#include "imaging/dicom/values.h"
#include "imaging/vec3.h"

namespace consilium::imaging {
namespace {

/// Beyond these a header is wrong: no scanner is larger.
constexpr double kFarthest_mm = 1e5, kLargestPixel_mm = 1e3;

bool normalise(Vec3& v) {
  const double length = length_of(v);
  if (!(std::abs(length - 1) < 0.01)) return false;
  for (double& x : v) x /= length;
  return true;
}

bool is_length(const std::optional<double>& value) { return value && *value > 1e-4 && *value < kLargestPixel_mm; }

}  // namespace

bool set_plane(DcmItem& place, DcmItem& side, DcmItem& measures, DicomHeader& h) {
  const auto position = vector_of(place, DCM_ImagePositionPatient);
  const auto row = vector_of(side, DCM_ImageOrientationPatient), column = vector_of(side, DCM_ImageOrientationPatient, 3);
  const auto rows = number_of(measures, DCM_PixelSpacing, 0), columns = number_of(measures, DCM_PixelSpacing, 1);
  if (!position || !row || !column || !is_length(rows) || !is_length(columns)) return false;
  for (const double x : *position)
    if (std::abs(x) > kFarthest_mm) return false;
  h.position_mm = *position, h.row = *row, h.column = *column;
  h.row_spacing_mm = *rows, h.column_spacing_mm = *columns;
  if (!normalise(h.row) || !normalise(h.column)) return false;
  const double overlap = dot(h.row, h.column);
  if (std::abs(overlap) > 0.01) return false;
  // Six decimals of a direction are not quite orthogonal: the column is straightened.
  for (std::size_t a = 0; a < 3; ++a) h.column[a] -= overlap * h.row[a];
  const double length = length_of(h.column);
  for (double& x : h.column) x /= length;
  return true;
}

void set_thickness(DcmItem& item, DicomHeader& h) {
  const auto thickness = number_of(item, DCM_SliceThickness), spacing = number_of(item, DCM_SpacingBetweenSlices);
  if (is_length(thickness)) h.slice_thickness_mm = *thickness;
  // Some scanners write it negative, for the order of acquisition.
  if (spacing && is_length(std::abs(*spacing))) h.slice_spacing_mm = std::abs(*spacing);
}

}  // namespace consilium::imaging
