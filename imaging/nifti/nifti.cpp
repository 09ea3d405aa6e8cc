#include "imaging/nifti/nifti.h"

#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <memory>

#include "base/error.h"
#include "base/files.h"
#include "base/parallel.h"
#include "imaging/nifti/nifti_header.h"

namespace consilium::imaging {
namespace {

/// Plain or gzip, read from the start; never takes more memory than what has really come out of the file.
class ByteSource {
 public:
  explicit ByteSource(const fs::path& path) : name_(path.string()) {
    require_file(path);
    file_ = gzopen(path.c_str(), "rb");
    require(file_ != nullptr, ErrorCode::kNotFound, name_ + ": cannot be opened");
    gzbuffer(file_, 1 << 18);
  }
  ~ByteSource() { gzclose(file_); }
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  /// Up to `count` bytes; fewer at the end of the file.
  std::string take(std::uint64_t count) {
    constexpr std::uint64_t kStep = 1 << 24;
    std::string bytes;
    while (bytes.size() < count) {
      const std::uint64_t step = std::min(kStep, count - bytes.size());
      const std::size_t before = bytes.size();
      bytes.resize(before + step);
      const int got = gzread(file_, bytes.data() + before, static_cast<unsigned>(step));
      int code = Z_OK;
      gzerror(file_, &code);
      require(got >= 0 && (code == Z_OK || code == Z_STREAM_END), ErrorCode::kCorruptData, name_ + ": the gzip stream is damaged or cut short");
      bytes.resize(before + static_cast<std::size_t>(got));
      if (static_cast<std::uint64_t>(got) < step) break;
    }
    return bytes;
  }

  /// Reads what little may follow, so that zlib comes to the stream's end and compares its checksum.
  void finish() { take(1 << 20); }

 private:
  std::string name_;
  gzFile file_;
};

fs::path with_suffix(const fs::path& path, const std::string& from, const std::string& to) {
  std::string text = path.string();
  const std::size_t at = text.rfind(from);
  return text.replace(at, from.size(), to);
}

struct Source {
  fs::path header;
  fs::path voxels;
};

/// The header's file and the voxels' file; the same unless a pair is named.
Source locate(const fs::path& path) {
  const std::string name = path.filename().string();
  if (name.find(".img") != std::string::npos) return {with_suffix(path, ".img", ".hdr"), path};
  if (name.find(".hdr") != std::string::npos) return {path, with_suffix(path, ".hdr", ".img")};
  return {path, path};
}

NiftiHeader read_header(const Source& source) {
  ByteSource bytes(source.header);
  return parse_nifti_header(bytes.take(kNiftiHeaderBytes), source.header.string());
}

/// Length of a plain file can be checked without reading; a gzip file's cannot.
bool is_gzip(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return file.get() == 0x1f && file.get() == 0x8b;
}

std::uint64_t bytes_per_volume(const NiftiHeader& header) { return voxel_count(header.summary.geometry) * header.bytes_per_voxel; }

void check_length(const NiftiHeader& header, const Source& source) {
  const fs::path& path = header.pair ? source.voxels : source.header;
  std::error_code status;
  require(fs::exists(path, status), ErrorCode::kNotFound, path.string() + ": the voxels of this NIfTI pair are missing");
  if (is_gzip(path)) return;
  const std::uint64_t length = fs::file_size(path);
  const std::uint64_t needed = bytes_per_volume(header) * header.volumes;
  require(header.voxel_offset <= length && needed <= length - header.voxel_offset, ErrorCode::kCorruptData,
          path.string() + ": the header promises " + std::to_string(needed) + " bytes of voxels from byte " + std::to_string(header.voxel_offset) +
              ", the file has " + std::to_string(length) + " bytes");
}

template <typename T>
void convert(const std::string& raw, const NiftiHeader& header, std::vector<float>& out) {
  const double slope = header.summary.scl_slope, inter = header.summary.scl_inter;
  const bool scaled = slope != 1 || inter != 0, swapped = header.summary.byte_swapped;
  parallel_for(out.size(), 1 << 18, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      std::array<char, sizeof(T)> bytes;
      std::memcpy(bytes.data(), raw.data() + i * sizeof(T), sizeof(T));
      if (swapped) std::reverse(bytes.begin(), bytes.end());
      const T stored = std::bit_cast<T>(bytes);
      out[i] = scaled ? static_cast<float>(slope * static_cast<double>(stored) + inter) : static_cast<float>(stored);
    }
  });
}

std::vector<float> to_floats(const std::string& raw, const NiftiHeader& header) {
  std::vector<float> out(voxel_count(header.summary.geometry));
  switch (header.data_type_code) {
    case 2: convert<std::uint8_t>(raw, header, out); break;
    case 4: convert<std::int16_t>(raw, header, out); break;
    case 8: convert<std::int32_t>(raw, header, out); break;
    case 16: convert<float>(raw, header, out); break;
    case 64: convert<double>(raw, header, out); break;
    case 256: convert<std::int8_t>(raw, header, out); break;
    case 512: convert<std::uint16_t>(raw, header, out); break;
    case 768: convert<std::uint32_t>(raw, header, out); break;
    case 1024: convert<std::int64_t>(raw, header, out); break;
    default: convert<std::uint64_t>(raw, header, out); break;
  }
  return out;
}

Volume read_one(const Source& source, const NiftiHeader& header, std::uint64_t volume) {
  check_length(header, source);
  const fs::path& path = header.pair ? source.voxels : source.header;
  ByteSource bytes(path);
  const std::uint64_t wanted = bytes_per_volume(header);
  std::uint64_t skip = header.voxel_offset + volume * wanted;
  while (skip > 0) {
    const std::uint64_t step = std::min<std::uint64_t>(skip, 1 << 24);
    require(bytes.take(step).size() == step, ErrorCode::kCorruptData, path.string() + ": ends before the voxels at byte " + std::to_string(header.voxel_offset));
    skip -= step;
  }
  const std::string raw = bytes.take(wanted);
  require(raw.size() == wanted, ErrorCode::kCorruptData,
          path.string() + ": the header promises " + std::to_string(wanted) + " bytes of voxels, " + std::to_string(raw.size()) + " are there");
  bytes.finish();
  return {header.summary.geometry, to_floats(raw, header)};
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t size : shape) text += (text.empty() ? "" : " x ") + std::to_string(size);
  return text;
}

std::string gzip(const std::string& bytes, int level) {
  const std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)> compressor(libdeflate_alloc_compressor(level), &libdeflate_free_compressor);
  require(compressor != nullptr, ErrorCode::kUnexpected, "no memory for compression");
  std::string packed(libdeflate_gzip_compress_bound(compressor.get(), bytes.size()), '\0');
  packed.resize(libdeflate_gzip_compress(compressor.get(), bytes.data(), bytes.size(), packed.data(), packed.size()));
  return packed;
}

/// What must be stored so that `slope * stored + inter` is every value again, but for the rounding of the header's float32 numbers; nothing when
/// int16 cannot.
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

void write(const fs::path& path, const Geometry& geometry, const void* values, std::size_t bytes_per_voxel, int data_type_code, const NiftiWriteOptions& options,
           const NiftiScaling& scaling = {}) {
  const std::string name = path.filename().string();
  const bool zipped = name.ends_with(".nii.gz");
  require(zipped || name.ends_with(".nii"), ErrorCode::kUsage, path.string() + ": a NIfTI file's name ends in .nii or .nii.gz");
  require(options.compression >= 0 && options.compression <= 9, ErrorCode::kUsage, "compression is 0 to 9");
  validate(geometry);
  for (const std::size_t size : geometry.size)
    require(size <= std::numeric_limits<std::int16_t>::max(), ErrorCode::kUnsupported, path.string() + ": NIfTI-1 holds at most 32767 voxels along an axis");
  const auto header = encode_nifti_header(geometry, data_type_code, scaling);
  std::string bytes(header.begin(), header.end());
  bytes.append(static_cast<const char*>(values), voxel_count(geometry) * bytes_per_voxel);
  write_file(path, zipped ? gzip(bytes, options.compression) : bytes);
}

}  // namespace

NiftiSummary inspect_nifti(const fs::path& path) {
  const Source source = locate(path);
  const NiftiHeader header = read_header(source);
  check_length(header, source);
  return header.summary;
}

Volume read_nifti(const fs::path& path) {
  const Source source = locate(path);
  const NiftiHeader header = read_header(source);
  require(header.volumes == 1, ErrorCode::kUnsupported,
          path.string() + ": is " + shape_text(header.summary.shape) + "; expected one 3-D volume (choose one of the " + std::to_string(header.volumes) + ")");
  return read_one(source, header, 0);
}

Volume read_nifti_volume(const fs::path& path, std::size_t volume) {
  const Source source = locate(path);
  const NiftiHeader header = read_header(source);
  require(volume < header.volumes, ErrorCode::kNotFound, path.string() + ": has " + std::to_string(header.volumes) + " volumes, number " + std::to_string(volume) + " was asked for");
  return read_one(source, header, volume);
}

LabelMap read_nifti_labels(const fs::path& path) {
  const Volume image = read_nifti(path);
  LabelMap labels{image.geometry, std::vector<Label>(image.voxels.size())};
  for (std::size_t i = 0; i < image.voxels.size(); ++i) {
    const float value = image.voxels[i];
    if (!(value >= 0 && value <= 255 && value == std::floor(value)))
      throw Error(ErrorCode::kMismatch, path.string() + ": is not a label map: it holds " + std::to_string(value) + ", labels are whole numbers from 0 to 255");
    labels.labels[i] = static_cast<Label>(value);
  }
  return labels;
}

void write_nifti(const fs::path& path, const Volume& volume, const NiftiWriteOptions& options) {
  require(volume.voxels.size() == voxel_count(volume.geometry), ErrorCode::kMismatch, "voxels do not fill the volume's grid");
  if (options.integers)
    if (const auto stored = to_integers(volume.voxels, *options.integers)) {
      write(path, volume.geometry, stored->data(), sizeof(std::int16_t), 4, options, *options.integers);
      return;
    }
  write(path, volume.geometry, volume.voxels.data(), sizeof(float), 16, options);
}

void write_nifti(const fs::path& path, const LabelMap& labels, const NiftiWriteOptions& options) {
  require(labels.labels.size() == voxel_count(labels.geometry), ErrorCode::kMismatch, "labels do not fill the map's grid");
  write(path, labels.geometry, labels.labels.data(), sizeof(Label), 2, options);
}

}  // namespace consilium::imaging
