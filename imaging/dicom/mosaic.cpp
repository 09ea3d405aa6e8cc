#include "imaging/dicom/mosaic.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "imaging/dicom/csa.h"
#include "imaging/dicom/plane.h"
#include "imaging/dicom/private_tags.h"
#include "imaging/dicom/vendor.h"
#include "imaging/vec3.h"

namespace consilium::imaging {
namespace {

std::vector<double> csa_numbers(const std::string& csa, std::string_view field) {
  std::vector<double> numbers;
  for (const std::string& value : csa_values(csa, field)) {
    const double number = std::strtod(value.c_str(), nullptr);
    if (!std::isfinite(number)) return {};
    numbers.push_back(number);
  }
  return numbers;
}

int count_slices(DcmItem& item, const std::string& csa) {
  auto count = private_numbers(item, {0x0019, "SIEMENS MR HEADER", 0x0A}, PrivateType::kUint16);
  if (count.empty()) count = csa_numbers(csa, "NumberOfImagesInMosaic");
  return count.empty() || !(count[0] >= 1 && count[0] < 1e6) ? 0 : static_cast<int>(count[0]);
}

/// Along the order of the tiles.
Vec3 normal_of(const DicomHeader& file, const std::string& csa) {
  Vec3 normal = cross(file.row, file.column);
  const auto told = csa_numbers(csa, "SliceNormalVector");
  if (told.size() == 3 && dot(normal, {told[0], told[1], told[2]}) < 0)
    for (double& x : normal) x = -x;
  return normal;
}

}  // namespace

bool is_mosaic(const DicomHeader& file) {
  return file.modality == "MR" && file.frames == 1 &&
         std::find(file.image_type.begin(), file.image_type.end(), "MOSAIC") != file.image_type.end();
}

std::vector<DicomHeader> tiles_of(DcmItem& item, const DicomHeader& file) {
  const std::string name = file.file.string() + ": Siemens mosaic: ";
  const std::string csa = private_bytes(item, {0x0029, "SIEMENS CSA HEADER", 0x10});
  const int slices = count_slices(item, csa);
  require(slices > 0, ErrorCode::kUnsupported,
          name + "neither (0019,xx0A) nor the CSA header tells the number of its slices; export the series as single slices");
  const int side = static_cast<int>(std::ceil(std::sqrt(static_cast<double>(slices))));
  require(file.rows % side == 0 && file.columns % side == 0 && file.rows >= side, ErrorCode::kCorruptData,
          name + std::to_string(slices) + " slices do not divide " + std::to_string(file.columns) + " x " +
              std::to_string(file.rows) + " pixels");
  const double step = file.slice_spacing_mm > 0 ? file.slice_spacing_mm : file.slice_thickness_mm;
  require(step > 0, ErrorCode::kUnsupported, name + "Spacing Between Slices (0018,0088) and Slice Thickness (0018,0050) are missing");
  DicomHeader tile = file;
  tile.rows = file.rows / side, tile.columns = file.columns / side;
  const double right = 0.5 * (file.columns - tile.columns) * file.column_spacing_mm;
  const double down = 0.5 * (file.rows - tile.rows) * file.row_spacing_mm;
  for (std::size_t a = 0; a < 3; ++a) tile.position_mm[a] += right * file.row[a] + down * file.column[a];
  tile.slice_times_ms = private_numbers(item, {0x0019, "SIEMENS MR HEADER", 0x29}, PrivateType::kFloat64);
  if (tile.slice_times_ms.empty()) tile.slice_times_ms = csa_numbers(csa, "MosaicRefAcqTimes");
  if (static_cast<int>(tile.slice_times_ms.size()) != slices) tile.slice_times_ms.clear();
  if (!tile.b_value) {
    const auto b = csa_numbers(csa, "B_value"), direction = csa_numbers(csa, "DiffusionGradientDirection");
    if (!b.empty())
      set_diffusion(tile, b[0],
                    direction.size() == 3 ? std::optional<Vec3>({direction[0], direction[1], direction[2]}) : std::nullopt);
  }
  const Vec3 normal = normal_of(file, csa), start = tile.position_mm;
  std::vector<DicomHeader> tiles;
  for (int k = 0; k < slices; ++k) {
    for (std::size_t a = 0; a < 3; ++a) tile.position_mm[a] = start[a] + k * step * normal[a];
    tile.tile_column = k % side * tile.columns, tile.tile_row = k / side * tile.rows;
    tiles.push_back(tile);
  }
  return tiles;
}

}  // namespace consilium::imaging
