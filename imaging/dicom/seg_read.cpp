#include "imaging/dicom/seg_read.h"

#include <algorithm>
#include <fstream>
#include <map>

#include "base/error.h"
#include "imaging/dicom/load.h"

namespace consilium::imaging {
namespace {

constexpr std::string_view kBigEndian = "1.2.840.10008.1.2.2";

bool is_bits(const DicomHeader& h) { return h.bits_allocated == 1; }

/// RLE and deflated frames pack bits as native ones do; JPEG 2000 and JPEG-LS make a sample of each.
bool packs_bits(const DicomHeader& h) {
  return h.transfer_syntax == "1.2.840.10008.1.2.5" || h.transfer_syntax == "1.2.840.10008.1.2.8.1";
}

/// The header as decoders of whole bytes understand it.
DicomHeader as_bytes(DicomHeader h) {
  if (!is_bits(h)) return h;
  h.bits_allocated = 8, h.bits_stored = 8, h.high_bit = 7;
  if (packs_bits(h)) h.stored_columns = static_cast<int>((static_cast<std::uint64_t>(h.rows) * static_cast<std::uint64_t>(h.columns) + 7) / 8), h.stored_rows = 1;
  return h;
}

/// Big endian swaps the bytes of words (OW), not of bytes (OB).
bool has_swapped_words(const DicomHeader& h) {
  if (h.transfer_syntax != kBigEndian || h.pixels.offset < 8) return false;
  std::ifstream stream(h.file, std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(h.pixels.offset - 8));
  char vr[2] = {0, 0};
  stream.read(vr, 2);
  return vr[0] == 'O' && vr[1] == 'W';
}

void swap_words(std::string& bytes) {
  for (std::size_t n = 0; n + 1 < bytes.size(); n += 2) std::swap(bytes[n], bytes[n + 1]);
}

/// Unpacks bits, lowest first, from bit `first` on. Source: DICOM PS3.5 section 8.1.1 and annex D.
void unpack(std::string_view bytes, std::uint64_t first, std::span<std::uint16_t> values) {
  for (std::size_t n = 0; n < values.size(); ++n) {
    const std::uint64_t bit = first + n;
    values[n] = static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[bit / 8]) >> bit % 8 & 1);
  }
}

void check_length(const SegFile& seg) {
  const DicomHeader& h = seg.header;
  if (h.pixels.is_encapsulated) {
    const DicomHeader bytes = as_bytes(h);
    require_room(std::span(&bytes, 1));
    return;
  }
  const std::uint64_t bits = static_cast<std::uint64_t>(h.rows) * static_cast<std::uint64_t>(h.columns) *
                             static_cast<std::uint64_t>(h.frames) * static_cast<std::uint64_t>(h.bits_allocated);
  require((bits + 7) / 8 <= h.pixels.length, ErrorCode::kCorruptData,
          h.file.string() + ": Pixel Data (7FE0,0010) has " + std::to_string(h.pixels.length) + " bytes; its " +
              std::to_string(h.frames) + " frames of " + std::to_string(h.columns) + " x " + std::to_string(h.rows) + " need " +
              std::to_string((bits + 7) / 8));
}

}  // namespace

SegReader::SegReader(SegFile file) : file_(std::move(file)), frames_on_(file_.geometry.size[2]) {
  check_length(file_);
  const DicomHeader bytes = as_bytes(file_.header);
  source_ = std::make_unique<FrameSource>(bytes);
  if (is_bits(file_.header) && !file_.header.pixels.is_encapsulated) {
    require(file_.header.is_deflated || file_.header.pixels.length <= file_.header.file_bytes, ErrorCode::kCorruptData,
            file_.header.file.string() + ": is cut short");
    bits_.resize(file_.header.pixels.length);
    DicomHeader all = bytes;
    all.frame = 0;
    // Read as they are; the words of big endian follow.
    const bool swapped = has_swapped_words(all);
    if (all.transfer_syntax == kBigEndian) all.transfer_syntax = "1.2.840.10008.1.2.1";
    source_->read_frame(all, bits_);
    if (swapped) swap_words(bits_);
  }
  for (std::size_t n = 0; n < file_.frames.size(); ++n) frames_on_.at(file_.frames[n].plane).push_back(n);
}

void SegReader::read_bits(std::size_t frame, std::span<std::uint16_t> values) const {
  if (!bits_.empty()) {
    unpack(bits_, static_cast<std::uint64_t>(frame) * values.size(), values);
    return;
  }
  DicomHeader h = as_bytes(file_.header);
  h.frame = static_cast<int>(frame);
  std::string cells(FrameSource::frame_bytes(h), '\0');
  source_->read_frame(h, cells);
  if (packs_bits(h)) {
    unpack(cells, 0, values);
  } else {
    for (std::size_t n = 0; n < values.size(); ++n) values[n] = cells[n] != 0 ? 1 : 0;
  }
}

void SegReader::read_frame(std::size_t frame, std::span<std::uint16_t> values) const {
  require(frame < file_.frames.size() && values.size() == plane_voxels(), ErrorCode::kUnexpected, "a frame that the segmentation does not have");
  if (is_bits(file_.header)) return read_bits(frame, values);
  DicomHeader h = file_.header;
  h.frame = static_cast<int>(frame);
  if (h.bits_allocated == 16) {
    source_->read_frame(h, std::span(reinterpret_cast<char*>(values.data()), values.size() * 2));
    return;
  }
  std::string cells(values.size(), '\0');
  source_->read_frame(h, cells);
  for (std::size_t n = 0; n < values.size(); ++n) values[n] = static_cast<unsigned char>(cells[n]);
}

void SegReader::visit(std::size_t plane, const PlaneVisitor& visit) const {
  // Files may hold two frames of one segment on one plane: both count.
  std::map<int, std::vector<std::uint8_t>> masks;
  std::vector<std::uint16_t> values(plane_voxels());
  const int least = file_.kind == SegKind::kBinary ? 1 : (file_.largest_fraction + 1) / 2;
  for (const std::size_t frame : frames_on_.at(plane)) {
    read_frame(frame, values);
    auto& mask = masks[file_.frames[frame].segment];
    mask.resize(values.size());
    for (std::size_t n = 0; n < values.size(); ++n) mask[n] |= values[n] >= least;
  }
  for (std::size_t s = 0; s < file_.segments.size(); ++s) {
    const auto mask = masks.find(file_.segments[s].number);
    if (mask != masks.end()) visit(s, mask->second);
  }
}

void SegReader::visit_labels(std::size_t plane, const PlaneVisitor& visit) const {
  std::vector<std::uint16_t> values(plane_voxels());
  for (const std::size_t frame : frames_on_.at(plane)) {
    read_frame(frame, values);
    std::vector<bool> there(65536);
    for (const std::uint16_t value : values) there[value] = true;
    there[0] = false;
    if (file_.padding && *file_.padding >= 0 && *file_.padding < 65536) there[static_cast<std::size_t>(*file_.padding)] = false;
    std::vector<std::uint8_t> mask(values.size());
    for (std::size_t s = 0; s < file_.segments.size(); ++s) {
      const auto number = static_cast<std::size_t>(file_.segments[s].number);
      if (!there[number]) continue;
      there[number] = false;
      for (std::size_t n = 0; n < values.size(); ++n) mask[n] = values[n] == number;
      visit(s, mask);
    }
    const auto unknown = std::find(there.begin(), there.end(), true);
    require(unknown == there.end(), ErrorCode::kCorruptData,
            file_.header.file.string() + ": a pixel has the value " + std::to_string(unknown - there.begin()) + ", which no segment has");
  }
}

Structures SegReader::structures() const {
  const bool is_label_map = file_.kind == SegKind::kLabelMap;
  return {file_.geometry, file_.segments, [this, is_label_map](std::size_t plane, const PlaneVisitor& visitor) {
            if (is_label_map) {
              visit_labels(plane, visitor);
            } else {
              visit(plane, visitor);
            }
          }};
}

void SegReader::read_fractions(std::size_t segment, std::size_t plane, std::span<std::uint8_t> fractions) const {
  std::fill(fractions.begin(), fractions.end(), std::uint8_t{0});
  std::vector<std::uint16_t> values(plane_voxels());
  for (const std::size_t frame : frames_on_.at(plane)) {
    if (file_.frames[frame].segment != file_.segments.at(segment).number) continue;
    read_frame(frame, values);
    for (std::size_t n = 0; n < values.size(); ++n)
      fractions[n] = std::max(fractions[n], static_cast<std::uint8_t>(std::min<int>(values[n], file_.largest_fraction)));
  }
}

}  // namespace consilium::imaging
