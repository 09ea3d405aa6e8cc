#include "imaging/dicom/frame_source.h"

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "imaging/dicom/colours.h"
#include "imaging/dicom/decode.h"
#include "imaging/dicom/little_endian.h"
#include "imaging/dicom/parse.h"

namespace consilium::imaging {
namespace {

constexpr std::uint32_t kItem = 0xE000FFFE;  // as little-endian bytes are read
constexpr std::size_t kMostFragments = 1 << 22;

void swap_cells(std::span<char> cells, std::size_t bytes) {
  if (bytes == 1) return;
  for (std::size_t n = 0; n + bytes <= cells.size(); n += bytes) std::reverse(cells.data() + n, cells.data() + n + bytes);
}

}  // namespace

std::size_t FrameSource::frame_bytes(const DicomHeader& h) {
  return static_cast<std::size_t>(h.stored_rows) * static_cast<std::size_t>(h.stored_columns) *
         static_cast<std::size_t>(h.samples_per_pixel) * static_cast<std::size_t>(h.bits_allocated / 8);
}

FrameSource::FrameSource(const DicomHeader& h) : name_(h.file.string()), file_(h.file, false), length_(h.file_bytes) {
  require(file_.size() == h.file_bytes && file_.changed_at() == h.file_time, ErrorCode::kMismatch, name_ + ": has changed since it was scanned");
  if (h.is_deflated) {
    inflated_ = read_inflated(h.file);
    length_ = inflated_.size();
  }
  if (h.pixels.is_encapsulated) find_fragments(h);
}

void FrameSource::read_at(std::uint64_t offset, std::span<char> target) const {
  require(offset <= length_ && target.size() <= length_ - offset, ErrorCode::kCorruptData, name_ + ": is cut short");
  if (!inflated_.empty()) {
    inflated_.copy(target.data(), target.size(), offset);
    return;
  }
  require(file_.read(offset, target) == target.size(), ErrorCode::kCorruptData, name_ + ": is cut short");
}

void FrameSource::find_fragments(const DicomHeader& h) {
  char header[8];
  std::uint64_t at = h.pixels.offset;
  std::vector<std::uint32_t> offsets;
  bool is_first = true;
  while (at + 8 <= length_) {
    read_at(at, header);
    if (little_endian({header, sizeof header}, 0) != kItem) break;  // the delimiter, or the end that a cut file has
    const Fragment fragment{at + 8, little_endian({header, sizeof header}, 4)};
    require(fragment.length <= length_ - fragment.offset && fragments_.size() < kMostFragments, ErrorCode::kCorruptData,
            name_ + ": a fragment of the pixels is cut short");
    at = fragment.offset + fragment.length;
    if (!is_first) {
      fragments_.push_back(fragment);
      continue;
    }
    is_first = false;
    offsets.resize(fragment.length / 4);
    read_at(fragment.offset, std::span(reinterpret_cast<char*>(offsets.data()), offsets.size() * 4));
    require(offsets.size() <= kMostFragments, ErrorCode::kCorruptData, name_ + ": the offset table of the pixels is too long");
  }
  assign_frames(h, offsets, fragments_.empty() ? 0 : fragments_.front().offset - 8);
}

/// One frame may take several fragments: told by the offset table, else by their number, else by how they begin.
void FrameSource::assign_frames(const DicomHeader& h, const std::vector<std::uint32_t>& offsets, std::uint64_t first) {
  const auto frames = static_cast<std::size_t>(h.frames);
  require(fragments_.size() >= frames, ErrorCode::kCorruptData,
          name_ + ": pixels of " + std::to_string(fragments_.size()) + " of " + std::to_string(frames) + " frames are there");
  const auto starts_where = [&](const auto& begins) {
    first_fragment_.clear();
    for (std::size_t n = 0; n < fragments_.size(); ++n)
      if (begins(n)) first_fragment_.push_back(n);
    return first_fragment_.size() == frames && first_fragment_.front() == 0;
  };
  const auto told = [&](std::size_t n) {
    return std::binary_search(offsets.begin(), offsets.end(), fragments_[n].offset - 8 - first);
  };
  const auto looks_like_start = [&](std::size_t n) {
    char mark[2] = {0, 0};
    if (fragments_[n].length >= 2) read_at(fragments_[n].offset, mark);
    return mark[0] == '\xFF' && (mark[1] == '\xD8' || mark[1] == '\x4F');
  };
  const bool known = frames == 1 ? starts_where([](std::size_t n) { return n == 0; })
                                 : fragments_.size() == frames ? starts_where([](std::size_t) { return true; })
                                                               : starts_where(told) || starts_where(looks_like_start);
  require(known, ErrorCode::kCorruptData, name_ + ": nothing tells which fragments of the pixels make which frame");
  first_fragment_.push_back(fragments_.size());
}

std::string FrameSource::encoded_frame(int frame) const {
  const std::size_t begin = first_fragment_.at(static_cast<std::size_t>(frame));
  const std::size_t end = first_fragment_.at(static_cast<std::size_t>(frame) + 1);
  std::string encoded;
  for (std::size_t n = begin; n < end; ++n) {
    const std::size_t before = encoded.size();
    encoded.resize(before + fragments_[n].length);
    read_at(fragments_[n].offset, std::span(encoded).subspan(before));
  }
  return encoded;
}

void FrameSource::read_native(const DicomHeader& h, std::span<char> cells) const {
  const bool is_422 = h.photometric == "YBR_FULL_422";  // two pixels share their colours: four bytes instead of six
  const std::uint64_t stored = is_422 ? cells.size() / 3 * 2 : cells.size();
  const std::uint64_t begin = stored * static_cast<std::uint64_t>(h.frame);
  const std::uint64_t there = std::min<std::uint64_t>(h.pixels.length, length_ - std::min(length_, h.pixels.offset));
  const auto pixel_bytes = static_cast<std::uint64_t>(h.bits_allocated / 8 * h.samples_per_pixel);
  require(begin + stored <= there, ErrorCode::kCorruptData,
          name_ + ": Pixel Data (7FE0,0010) holds " + std::to_string(there / pixel_bytes) + " of " +
              std::to_string((begin + stored) / pixel_bytes) + " pixels");
  read_at(h.pixels.offset + begin, cells.first(stored));
  if (h.transfer_syntax == "1.2.840.10008.1.2.2") {
    // Cells of one byte come in words of two.
    const auto bytes = static_cast<std::size_t>(h.bits_allocated / 8);
    require(bytes > 1, ErrorCode::kUnsupported, name_ + ": pixels of 8 bits in big endian are not read");
    swap_cells(cells, bytes);
  }
}

void FrameSource::read_frame(const DicomHeader& h, std::span<char> cells) const {
  bool is_rgb = h.photometric == "RGB";
  bool is_planar = h.is_planar;
  if (h.pixels.is_encapsulated) {
    is_rgb = decode_frame(h, encoded_frame(h.frame), cells) || is_rgb;
    if (h.transfer_syntax.starts_with("1.2.840.10008.1.2.4.9") || h.transfer_syntax.starts_with("1.2.840.10008.1.2.4.20"))
      is_planar = false;
  } else {
    read_native(h, cells);
  }
  if (h.samples_per_pixel > 1) to_rgb(cells, {.is_planar = is_planar, .is_ybr = !is_rgb, .is_422 = !h.pixels.is_encapsulated && h.photometric == "YBR_FULL_422"});
}

}  // namespace consilium::imaging
