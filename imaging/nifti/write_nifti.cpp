#include "imaging/nifti/write_nifti.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/open_file.h"
#include "base/parallel.h"
#include "imaging/nifti/gzip.h"
#include "imaging/nifti/nifti_header.h"

namespace consilium::imaging {
namespace {

/// Large enough that pieces of a gzip stream lose nothing by being compressed on their own.
constexpr std::size_t kSlabBytes = 4 << 20;

using Fill = std::function<void(std::size_t, std::span<char>)>;

struct Slabs {
  std::size_t plane_bytes, planes, planes_each;
  std::size_t count() const { return (planes + planes_each - 1) / planes_each; }
  std::size_t first(std::size_t slab) const { return slab * planes_each; }
  std::size_t bytes(std::size_t slab) const { return std::min(planes_each, planes - first(slab)) * plane_bytes; }
};

Slabs slabs_of(const NiftiLayout& layout) {
  const Size3& size = layout.geometry.size;
  Slabs slabs{size[0] * size[1] * bytes_of(layout.type), size[2] * layout.volumes, 1};
  slabs.planes_each = std::max<std::size_t>(1, kSlabBytes / std::max<std::size_t>(1, slabs.plane_bytes));
  return slabs;
}

void write_plain(const fs::path& path, std::span<const char> header, const Slabs& slabs, const Fill& fill) {
  const OpenFile file(path, true);
  file.resize(header.size() + slabs.planes * slabs.plane_bytes);  // nothing stays of what a killed program may have left under this name
  file.write(0, {header.data(), header.size()});
  parallel_for(slabs.count(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t slab = begin; slab < end; ++slab) {
      const auto room = std::make_unique_for_overwrite<char[]>(slabs.bytes(slab));  // zeros would be written over
      const std::span<char> bytes(room.get(), slabs.bytes(slab));
      fill(slabs.first(slab), bytes);
      file.write(header.size() + slabs.first(slab) * slabs.plane_bytes, {bytes.data(), bytes.size()});
    }
  });
}

void write_gzip(const fs::path& path, std::span<const char> header, const Slabs& slabs, const Fill& fill, int level) {
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  const std::string start = gzip_start(level);
  stream << start;
  GzipSum sum;
  // So many at once that threads seldom wait for the slowest.
  const std::size_t batch = 4 * thread_limit();
  for (std::size_t done = 0; done < slabs.count() && stream.good(); done += batch) {
    std::vector<GzipPiece> pieces(std::min(batch, slabs.count() - done));
    parallel_for(pieces.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t n = begin; n < end; ++n) {
        const std::size_t slab = done + n, before = slab == 0 ? header.size() : 0;
        std::string bytes(before + slabs.bytes(slab), '\0');
        std::copy_n(header.begin(), before, bytes.begin());
        fill(slabs.first(slab), std::span(bytes).subspan(before));
        pieces[n] = gzip_piece(bytes, level);
      }
    });
    for (const GzipPiece& piece : pieces) {
      stream.write(piece.deflated.data(), static_cast<std::streamsize>(piece.deflated.size()));
      sum.add(piece);
    }
  }
  const std::string end = sum.end();
  stream << end;
  stream.flush();
  require(stream.good(), ErrorCode::kCannotWrite, "cannot write " + path.string() + ": " + std::strerror(errno));
}

/// What must be stored so that `slope * stored + inter` is every value again, but for the rounding of the header's float32 numbers;
/// nothing when int16 cannot.
std::optional<std::vector<std::int16_t>> to_integers(const std::vector<float>& values, const NiftiScaling& scaling) {
  const double slope = static_cast<float>(scaling.slope), inter = static_cast<float>(scaling.inter);
  if (slope == 0) return std::nullopt;
  const bool whole = slope == 1 && inter == 0;  // these are exact
  std::vector<std::int16_t> stored(values.size());
  std::atomic<bool> exact = true;
  parallel_for(values.size(), 1 << 18, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const double value = std::round((static_cast<double>(values[i]) - inter) / slope);
      const double rounding = 4 * std::numeric_limits<float>::epsilon() * (std::abs(slope * value) + std::abs(inter));
      if (!(value >= -32768 && value <= 32767) || std::abs(slope * value + inter - values[i]) > (whole ? 0 : rounding)) {
        exact = false;
        return;
      }
      stored[i] = static_cast<std::int16_t>(value);
    }
  });
  if (!exact) return std::nullopt;
  return stored;
}

void write_voxels(const fs::path& path, const NiftiLayout& layout, const void* voxels, const NiftiWriteOptions& options) {
  const std::size_t plane = layout.geometry.size[0] * layout.geometry.size[1] * bytes_of(layout.type);
  write_nifti_planes(
      path, layout,
      [&](std::size_t first, std::span<char> bytes) {
        std::memcpy(bytes.data(), static_cast<const char*>(voxels) + first * plane, bytes.size());
      },
      options);
}

}  // namespace

void write_nifti_planes(const fs::path& path, const NiftiLayout& layout, const Fill& fill, const NiftiWriteOptions& options) {
  const std::string name = path.filename().string();
  const bool zipped = name.ends_with(".nii.gz");
  require(zipped || name.ends_with(".nii"), ErrorCode::kUsage, path.string() + ": a NIfTI file's name ends in .nii or .nii.gz");
  require(options.compression >= 0 && options.compression <= 9, ErrorCode::kUsage, "compression is 0 to 9");
  validate(layout.geometry);
  constexpr std::size_t kLongest = std::numeric_limits<std::int16_t>::max();
  for (const std::size_t size : layout.geometry.size)
    require(size <= kLongest && layout.volumes <= kLongest, ErrorCode::kUnsupported,
            path.string() + ": NIfTI-1 holds at most 32767 voxels along an axis");
  const auto header = encode_nifti_header(layout);
  const Slabs slabs = slabs_of(layout);
  write_beside(path, [&](const fs::path& temporary) {
    if (zipped) {
      write_gzip(temporary, header, slabs, fill, options.compression);
    } else {
      write_plain(temporary, header, slabs, fill);
    }
  }, options.durability);
}

void write_nifti(const fs::path& path, const Volume& volume, const NiftiWriteOptions& options) {
  require(volume.voxels.size() == voxel_count(volume.geometry), ErrorCode::kMismatch, "voxels do not fill the volume's grid");
  if (options.integers)
    if (const auto stored = to_integers(volume.voxels, *options.integers)) {
      write_voxels(path, {.geometry = volume.geometry, .type = VoxelType::kInt16, .scaling = *options.integers}, stored->data(), options);
      return;
    }
  write_voxels(path, {.geometry = volume.geometry}, volume.voxels.data(), options);
}

void write_nifti(const fs::path& path, const LabelMap& labels, const NiftiWriteOptions& options) {
  require(labels.labels.size() == voxel_count(labels.geometry), ErrorCode::kMismatch, "labels do not fill the map's grid");
  write_voxels(path, {.geometry = labels.geometry, .type = VoxelType::kUint8}, labels.labels.data(), options);
}

}  // namespace consilium::imaging
