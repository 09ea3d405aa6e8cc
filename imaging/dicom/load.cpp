#include "imaging/dicom/load.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <type_traits>

#include "base/error.h"
#include "base/parallel.h"
#include "imaging/dicom/frame_source.h"

namespace consilium::imaging {
namespace {

/// The upper 8 bits of a colour.
std::uint8_t to_8_bits(const ValueTable& table, std::int64_t stored) {
  return static_cast<std::uint8_t>(table.bits > 8 ? table.at(stored) >> (table.bits - 8) : table.at(stored));
}

/// A row of stored cells -> values, or three of each with a palette. What lies beside the stored bits is overlay or filling (PS3.5 8.1.1); the sign bit is the
/// highest stored one.
template <typename Cell, typename Out>
void convert_row(const Cell* cells, const DicomHeader& h, const VoxelFormat& format, Out* out) {
  const int above = static_cast<int>(sizeof(Cell) * 8) - 1 - h.high_bit, beside = static_cast<int>(sizeof(Cell) * 8) - h.bits_stored;
  using Signed = std::make_signed_t<Cell>;
  // Wide enough for every cell; narrower arithmetic is twice as fast where cells are narrow.
  using Wide = std::conditional_t<sizeof(Cell) == 4, std::int64_t, std::int32_t>;
  const auto columns = static_cast<std::size_t>(h.columns);
  const auto each = [&](const auto& store) {
    if (h.is_signed) {
      for (std::size_t n = 0; n < columns; ++n)
        store(n, static_cast<Wide>(static_cast<Signed>(static_cast<Signed>(static_cast<Cell>(cells[n] << above)) >> beside)));
    } else {
      for (std::size_t n = 0; n < columns; ++n) store(n, static_cast<Wide>(static_cast<Cell>(static_cast<Cell>(cells[n] << above) >> beside)));
    }
  };
  const auto scaled = [&](Wide value) {
    if constexpr (std::is_same_v<Out, float>) {
      return static_cast<float>(h.slope * static_cast<double>(value) + h.intercept);
    } else {
      return static_cast<Out>(value + format.added);
    }
  };
  if (h.tables.palette) {
    each([&](std::size_t n, Wide value) {
      for (std::size_t c = 0; c < 3; ++c) out[3 * n + c] = static_cast<Out>(to_8_bits((*h.tables.palette)[c], value));
    });
  } else if (h.tables.modality) {
    each([&](std::size_t n, Wide value) { out[n] = scaled(static_cast<Wide>(h.tables.modality->at(value))); });
  } else {
    each([&](std::size_t n, Wide value) { out[n] = scaled(value); });
  }
}

template <typename Cell, typename Out>
void convert_plane(std::span<const char> frame, const DicomHeader& h, const VoxelFormat& format, char* target) {
  const auto* cells = reinterpret_cast<const Cell*>(frame.data());
  auto* out = reinterpret_cast<Out*>(target);
  for (int r = 0; r < h.rows; ++r) {
    const auto row = static_cast<std::size_t>(h.tile_row + r) * static_cast<std::size_t>(h.stored_columns);
    const std::size_t samples = h.tables.palette ? 3 : 1;
    convert_row(cells + row + h.tile_column, h, format, out + static_cast<std::size_t>(r) * static_cast<std::size_t>(h.columns) * samples);
  }
}

template <typename Cell>
void convert_cells(std::span<const char> frame, const DicomHeader& h, const VoxelFormat& format, char* target) {
  switch (format.type) {
    case VoxelType::kUint8:
    case VoxelType::kRgb24:
      return convert_plane<Cell, std::uint8_t>(frame, h, format, target);
    case VoxelType::kInt16:
      return convert_plane<Cell, std::int16_t>(frame, h, format, target);
    case VoxelType::kUint16:
      return convert_plane<Cell, std::uint16_t>(frame, h, format, target);
    case VoxelType::kInt32:
      return convert_plane<Cell, std::int32_t>(frame, h, format, target);
    case VoxelType::kUint32:
      return convert_plane<Cell, std::uint32_t>(frame, h, format, target);
    default:
      return convert_plane<Cell, float>(frame, h, format, target);
  }
}

void convert_frame(std::span<const char> frame, const DicomHeader& h, const VoxelFormat& format, char* target) {
  if (h.samples_per_pixel > 1) {
    std::copy(frame.begin(), frame.end(), target);
  } else if (h.bits_allocated == 8) {
    convert_cells<std::uint8_t>(frame, h, format, target);
  } else if (h.bits_allocated == 16) {
    convert_cells<std::uint16_t>(frame, h, format, target);
  } else {
    convert_cells<std::uint32_t>(frame, h, format, target);
  }
}

/// Every bit of a cell is the value's, and the value is what is wanted.
bool is_as_wanted(const DicomHeader& h, const VoxelFormat& format) {
  return h.samples_per_pixel > 1 || (h.bits_stored == h.bits_allocated && h.high_bit + 1 == h.bits_stored && format.added == 0 && !h.tables.palette && !h.tables.modality);
}

bool is_same_frame(const DicomHeader& a, const DicomHeader& b) { return a.frame == b.frame && a.file == b.file; }

/// The lowest and highest stored value, or entry of a table, that the headers allow.
struct Range {
  double low, high;
};

Range stored_range(const DicomHeader& h) {
  if (h.tables.modality) return {0, std::ldexp(1.0, h.tables.modality->bits) - 1};
  const double steps = std::ldexp(1.0, h.bits_stored);
  return h.is_signed ? Range{-steps / 2, steps / 2 - 1} : Range{0, steps - 1};
}

template <typename T>
bool fits(Range range) {
  return range.low >= std::numeric_limits<T>::min() && range.high <= std::numeric_limits<T>::max();
}

VoxelType type_for(Range range) {
  if (fits<std::uint8_t>(range)) return VoxelType::kUint8;
  if (fits<std::int16_t>(range)) return VoxelType::kInt16;
  if (fits<std::uint16_t>(range)) return VoxelType::kUint16;
  return fits<std::int32_t>(range) ? VoxelType::kInt32 : VoxelType::kUint32;
}

}  // namespace

void require_room(std::span<const DicomHeader> slices) {
  // The best that any of the encodings does; a slice of a megapixel may always be all air.
  constexpr std::uintmax_t kBestRatio = 2000, kAlways = 1 << 21;
  for (const DicomHeader& h : slices) {
    const bool packed = h.pixels.is_encapsulated || h.is_deflated;
    const std::uintmax_t needed = FrameSource::frame_bytes(h) * (h.photometric == "YBR_FULL_422" ? 2 : 3) / 3;
    require(h.file_bytes >= needed || (packed && (needed <= kAlways || needed / kBestRatio <= h.file_bytes)),
            ErrorCode::kCorruptData,
            h.file.string() + ": too short (" + std::to_string(h.file_bytes) + " bytes) for its " +
                std::to_string(h.stored_columns) + " x " + std::to_string(h.stored_rows) + " pixels");
  }
}

VoxelFormat voxel_format(std::span<const DicomHeader> slices) {
  const DicomHeader& first = slices.front();
  if (is_colour(first)) return {VoxelType::kRgb24, {}, 0};
  Range range = stored_range(first);
  for (const DicomHeader& h : slices) {
    if (h.slope != first.slope || h.intercept != first.intercept) return {VoxelType::kFloat32, {}, 0};
    const Range other = stored_range(h);
    range = {std::min(range.low, other.low), std::max(range.high, other.high)};
  }
  const bool whole = first.slope == 1 && first.intercept == std::floor(first.intercept) && std::abs(first.intercept) < 1e6;
  const Range shifted{range.low + first.intercept, range.high + first.intercept};
  if (whole && fits<std::int16_t>(shifted)) return {type_for(shifted), {}, static_cast<int>(first.intercept)};
  return {type_for(range), {first.slope, first.intercept}, 0};
}

void load_planes(std::span<const DicomHeader> slices, const VoxelFormat& format, std::span<char> target) {
  std::unique_ptr<FrameSource> source;
  std::vector<char> frame;
  const DicomHeader* loaded = nullptr;
  for (std::size_t n = 0; n < slices.size(); ++n) {
    const DicomHeader& h = slices[n];
    require_room(slices.subspan(n, 1));
    if (loaded == nullptr || loaded->file != h.file) source = std::make_unique<FrameSource>(h);
    const std::size_t plane = static_cast<std::size_t>(h.rows) * static_cast<std::size_t>(h.columns) * bytes_of(format.type);
    const std::span<char> out = target.subspan(n * plane, plane);
    // Integers of one size are converted where they are read to.
    if (plane == FrameSource::frame_bytes(h) && format.type != VoxelType::kFloat32) {
      source->read_frame(h, out);
      if (!is_as_wanted(h, format)) convert_frame(out, h, format, out.data());
      loaded = &h, frame.clear();
      continue;
    }
    if (frame.empty() || !is_same_frame(*loaded, h)) {
      frame.resize(FrameSource::frame_bytes(h));
      source->read_frame(h, frame);
    }
    loaded = &h;
    convert_frame(frame, h, format, out.data());
  }
}

Volume load_series(const Series& series) {
  require(!series.slices.empty(), ErrorCode::kNotFound, "a series without images");
  const std::string name = "series " + std::to_string(series.header().series_number) + " cannot be loaded as a volume: ";
  require(series.problem.empty(), ErrorCode::kUnsupported, name + series.problem);
  require(!is_colour(series.header()), ErrorCode::kUnsupported,
          name + "its voxels are colours (" + series.header().photometric + "), in " + series.header().file.filename().string());
  const std::size_t plane = static_cast<std::size_t>(series.header().rows) * static_cast<std::size_t>(series.header().columns);
  require_room(series.slices);
  Volume volume{series.geometry, std::vector<float>(plane * series.slices.size())};
  const std::span<char> bytes(reinterpret_cast<char*>(volume.voxels.data()), volume.voxels.size() * sizeof(float));
  // The tiles of a mosaic are one frame: it is decoded once.
  const bool is_one_frame = series.slices.size() > 1 && is_same_frame(series.slices.front(), series.slices.back());
  parallel_for(series.slices.size(), is_one_frame ? series.slices.size() : 4, [&](std::size_t begin, std::size_t end) {
    load_planes(std::span(series.slices).subspan(begin, end - begin), {},
                bytes.subspan(begin * plane * sizeof(float), (end - begin) * plane * sizeof(float)));
  });
  return volume;
}

}  // namespace consilium::imaging
