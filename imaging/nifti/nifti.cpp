#include "imaging/nifti/nifti.h"

#include <zlib.h>

#include <algorithm>
#include <array>
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

NiftiHeader read_header(const Source& source, const NiftiReadOptions& options) {
  ByteSource bytes(source.header);
  return parse_nifti_header(bytes.take(kNiftiHeaderBytes), source.header.string(), options);
}

void check_shear(const NiftiHeader& header, const Source& source, const NiftiReadOptions& options) {
  require(header.summary.shear <= options.largest_shear, ErrorCode::kUnsupported,
          source.header.string() + ": the axes of its " + header.summary.transform_source + " are sheared by " + std::to_string(header.summary.shear) +
              ", more than the " + std::to_string(options.largest_shear) + " for which the nearest rotation is taken");
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

/// `count` volumes from number `first` on.
std::vector<Volume> read_some(const Source& source, const NiftiHeader& header, std::uint64_t first, std::uint64_t count, const NiftiReadOptions& options) {
  check_shear(header, source, options);
  check_length(header, source);
  const fs::path& path = header.pair ? source.voxels : source.header;
  ByteSource bytes(path);
  const std::uint64_t wanted = bytes_per_volume(header);
  std::uint64_t skip = header.voxel_offset + first * wanted;
  while (skip > 0) {
    const std::uint64_t step = std::min<std::uint64_t>(skip, 1 << 24);
    require(bytes.take(step).size() == step, ErrorCode::kCorruptData, path.string() + ": ends before the voxels at byte " + std::to_string(header.voxel_offset));
    skip -= step;
  }
  std::vector<Volume> volumes;
  for (std::uint64_t n = 0; n < count; ++n) {
    const std::string raw = bytes.take(wanted);
    require(raw.size() == wanted, ErrorCode::kCorruptData,
            path.string() + ": the header promises " + std::to_string(wanted) + " bytes of voxels, " + std::to_string(raw.size()) + " are there");
    volumes.push_back({header.summary.geometry, to_floats(raw, header)});
  }
  bytes.finish();
  return volumes;
}

Volume read_one(const Source& source, const NiftiHeader& header, std::uint64_t volume, const NiftiReadOptions& options) {
  return std::move(read_some(source, header, volume, 1, options).front());
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t size : shape) text += (text.empty() ? "" : " x ") + std::to_string(size);
  return text;
}

}  // namespace

NiftiSummary inspect_nifti(const fs::path& path, const NiftiReadOptions& options) {
  const Source source = locate(path);
  const NiftiHeader header = read_header(source, options);
  check_length(header, source);
  return header.summary;
}

Volume read_nifti(const fs::path& path, const NiftiReadOptions& options) {
  const Source source = locate(path);
  const NiftiHeader header = read_header(source, options);
  require(header.volumes == 1, ErrorCode::kUnsupported,
          path.string() + ": is " + shape_text(header.summary.shape) + "; expected one 3-D volume (choose one of the " + std::to_string(header.volumes) + ")");
  return read_one(source, header, 0, options);
}

std::vector<Volume> read_nifti_volumes(const fs::path& path, const NiftiReadOptions& options) {
  const Source source = locate(path);
  const NiftiHeader header = read_header(source, options);
  return read_some(source, header, 0, header.volumes, options);
}

Volume read_nifti_volume(const fs::path& path, std::size_t volume, const NiftiReadOptions& options) {
  const Source source = locate(path);
  const NiftiHeader header = read_header(source, options);
  require(volume < header.volumes, ErrorCode::kNotFound, path.string() + ": has " + std::to_string(header.volumes) + " volumes, number " + std::to_string(volume) + " was asked for");
  return read_one(source, header, volume, options);
}

LabelMap read_nifti_labels(const fs::path& path, const NiftiReadOptions& options) {
  const Volume image = read_nifti(path, options);
  LabelMap labels{image.geometry, std::vector<Label>(image.voxels.size())};
  for (std::size_t i = 0; i < image.voxels.size(); ++i) {
    const float value = image.voxels[i];
    if (!(value >= 0 && value <= 255 && value == std::floor(value)))
      throw Error(ErrorCode::kMismatch, path.string() + ": is not a label map: it holds " + std::to_string(value) + ", labels are whole numbers from 0 to 255");
    labels.labels[i] = static_cast<Label>(value);
  }
  return labels;
}

}  // namespace consilium::imaging
