#include "imaging/dicom/mosaic.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/error.h"
#include "imaging/dicom/csa.h"
#include "imaging/dicom/plane.h"
#include "imaging/dicom/private_tags.h"
#include "imaging/dicom/times.h"
#include "imaging/dicom/values.h"
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

bool has_type(const DicomHeader& file, const char* type) { return std::find(file.image_type.begin(), file.image_type.end(), type) != file.image_type.end(); }

/// How tiles lie in the image.
struct Grid {
  int across = 1, down = 1;
};

/// `file` as one of its tiles. @throws Error{kCorruptData} they do not fit it.
DicomHeader tile_of(const DicomHeader& file, const Grid& grid, int slices) {
  require(static_cast<std::uint64_t>(slices) <= most_slices(file), ErrorCode::kCorruptData, file.file.string() + ": mosaic: of " + std::to_string(slices) + " slices");
  require(file.rows % grid.down == 0 && file.columns % grid.across == 0 && file.rows >= grid.down && file.columns >= grid.across, ErrorCode::kCorruptData,
          file.file.string() + ": mosaic: " + std::to_string(slices) + " slices do not divide " + std::to_string(file.columns) + " x " + std::to_string(file.rows) + " pixels");
  DicomHeader tile = file;
  tile.rows = file.rows / grid.down, tile.columns = file.columns / grid.across;
  return tile;
}

/// Every tile holds the times of all, so no volume of a scanner's size may be exceeded: memory would grow with the square of what a file claims.
void set_slice_times(DicomHeader& tile, std::vector<double> times, int slices) {
  constexpr int kMostTimed = 1000;
  if (slices <= kMostTimed && static_cast<int>(times.size()) == slices) tile.slice_times_ms = std::move(times);
}

int side_of_square(int slices) { return static_cast<int>(std::ceil(std::sqrt(static_cast<double>(slices)))); }

void place_in_image(DicomHeader& tile, const Grid& grid, int k) { tile.tile_column = k % grid.across * tile.columns, tile.tile_row = k / grid.across * tile.rows; }

std::vector<DicomHeader> siemens_tiles(DcmItem& item, const DicomHeader& file) {
  const std::string name = file.file.string() + ": Siemens mosaic: ";
  const std::string csa = private_bytes(item, {0x0029, "SIEMENS CSA HEADER", 0x10});
  const int slices = count_slices(item, csa);
  require(slices > 0, ErrorCode::kUnsupported,
          name + "neither (0019,xx0A) nor the CSA header tells the number of its slices; export the series as single slices");
  const Grid grid{side_of_square(slices), side_of_square(slices)};
  DicomHeader tile = tile_of(file, grid, slices);
  const double step = file.slice_spacing_mm > 0 ? file.slice_spacing_mm : file.slice_thickness_mm;
  require(step > 0, ErrorCode::kUnsupported, name + "Spacing Between Slices (0018,0088) and Slice Thickness (0018,0050) are missing");
  const double right = 0.5 * (file.columns - tile.columns) * file.column_spacing_mm;
  const double down = 0.5 * (file.rows - tile.rows) * file.row_spacing_mm;
  for (std::size_t a = 0; a < 3; ++a) tile.position_mm[a] += right * file.row[a] + down * file.column[a];
  auto times = private_numbers(item, {0x0019, "SIEMENS MR HEADER", 0x29}, PrivateType::kFloat64);
  if (times.empty()) times = csa_numbers(csa, "MosaicRefAcqTimes");
  set_slice_times(tile, std::move(times), slices);
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
    place_in_image(tile, grid, k);
    tiles.push_back(tile);
  }
  return tiles;
}

/// In milliseconds from the first of them on; none where one is not told to the second.
std::vector<double> times_of(const std::vector<DcmItem*>& slices) {
  constexpr std::size_t kDigitsToTheSecond = 6;
  std::vector<double> times;
  for (DcmItem* slice : slices)
    if (const auto time = time_of_day_s(text_of(*slice, DCM_AcquisitionTime), kDigitsToTheSecond)) times.push_back(1000 * *time);
  if (times.size() != slices.size()) return {};
  const double first = *std::min_element(times.begin(), times.end());
  for (double& time : times) time -= first;
  return times;
}

std::vector<DicomHeader> united_imaging_tiles(DcmItem& item, const DicomHeader& file) {
  const std::string name = file.file.string() + ": United Imaging's VFRAME image: ";
  const auto slices = private_items(item, {0x0065, "Image Private Header", 0x51});
  require(!slices.empty(), ErrorCode::kUnsupported, name + "the MR VFrame Sequence (0065,xx51) is missing; export the series as single slices");
  const int count = static_cast<int>(slices.size()), across = side_of_square(count);
  const Grid grid{across, (count + across - 1) / across};
  DicomHeader tile = tile_of(file, grid, count);
  set_slice_times(tile, times_of(slices), count);
  std::vector<DicomHeader> tiles;
  for (int k = 0; k < count; ++k) {
    tile.has_geometry = set_plane(*slices[static_cast<std::size_t>(k)], item, item, tile);
    place_in_image(tile, grid, k);
    tiles.push_back(tile);
  }
  return tiles;
}

}  // namespace

bool is_mosaic(const DicomHeader& file) { return file.modality == "MR" && file.frames == 1 && (has_type(file, "MOSAIC") || has_type(file, "VFRAME")); }

std::vector<DicomHeader> tiles_of(DcmItem& item, const DicomHeader& file) { return has_type(file, "VFRAME") ? united_imaging_tiles(item, file) : siemens_tiles(item, file); }

}  // namespace consilium::imaging
