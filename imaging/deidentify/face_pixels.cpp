#include "imaging/deidentify/face_pixels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>

#include "base/error.h"
#include "imaging/dicom/frame_source.h"
#include "imaging/dicom/load.h"

namespace consilium::imaging {
namespace {

static_assert(std::endian::native == std::endian::little, "cells are written as they lie in memory");

/// The stored cell of air.
std::uint32_t air_of(const DicomHeader& h) {
  const double steps = std::ldexp(1.0, h.bits_stored), low = h.is_signed ? -steps / 2 : 0, high = low + steps - 1;
  const double value = ((h.modality == "CT" ? -1000 : 0) - h.intercept) / h.slope;
  const auto stored = static_cast<std::int64_t>(std::clamp(std::round(h.tables.modality ? low : value), low, high));
  const std::uint64_t mask = (std::uint64_t{1} << h.bits_stored) - 1;
  return static_cast<std::uint32_t>((static_cast<std::uint64_t>(stored) & mask) << (h.high_bit + 1 - h.bits_stored));
}

void clear_slice(const DicomHeader& h, const FacePlane& plane, std::span<char> frame) {
  const auto bytes = static_cast<std::size_t>(h.bits_allocated / 8);
  const std::uint32_t air = air_of(h);
  for (int r = 0; r < h.rows; ++r)
    for (int c = 0; c < h.columns; ++c) {
      Vec3 p = h.position_mm;
      for (std::size_t a = 0; a < 3; ++a) p[a] += c * h.column_spacing_mm * h.row[a] + r * h.row_spacing_mm * h.column[a];
      if (!is_face(plane, p)) continue;
      const std::size_t cell = static_cast<std::size_t>(h.tile_row + r) * static_cast<std::size_t>(h.stored_columns) + static_cast<std::size_t>(h.tile_column + c);
      std::memcpy(frame.data() + cell * bytes, &air, bytes);
    }
}

void put_pixels(DcmDataset& data_set, const DicomHeader& h, std::vector<char>& cells) {
  if (cells.size() % 2 != 0) cells.push_back(0);
  data_set.findAndDeleteElement(DCM_PixelData);
  auto pixels = std::make_unique<DcmPixelData>(DCM_PixelData);
  pixels->setVR(h.bits_allocated == 8 ? EVR_OB : EVR_OW);
  const bool good = h.bits_allocated == 8 ? pixels->putUint8Array(reinterpret_cast<const Uint8*>(cells.data()), static_cast<unsigned long>(cells.size())).good()
                                          : pixels->putUint16Array(reinterpret_cast<const Uint16*>(cells.data()), static_cast<unsigned long>(cells.size() / 2)).good();
  require(good && data_set.insert(pixels.get(), OFTrue).good(), ErrorCode::kUnexpected, "DICOM: pixels could not be set");
  static_cast<void>(pixels.release());  // the data set's from here on
}

}  // namespace

void remove_face(DcmDataset& data_set, const FaceToRemove& face) {
  const DicomHeader& first = face.slices.at(0);
  require(first.samples_per_pixel == 1 && !first.tables.palette, ErrorCode::kUnsupported, "the face cannot be removed: pixels are colours");
  std::map<int, const DicomHeader*> frames;  // one of the slices of each
  for (const DicomHeader& h : face.slices) frames.emplace(h.frame, &h);
  require(frames.size() == static_cast<std::size_t>(first.frames), ErrorCode::kUnsupported, "the face cannot be removed: not all frames are slices of the head");
  require_room(face.slices);
  const FrameSource source(first);
  const std::size_t bytes = FrameSource::frame_bytes(first);
  std::vector<char> cells(bytes * frames.size());
  const auto cells_of = [&](int frame) { return std::span(cells).subspan(bytes * static_cast<std::size_t>(frame), bytes); };
  for (const auto& [frame, h] : frames) source.read_frame(*h, cells_of(frame));
  for (std::size_t n = 0; n < face.slices.size(); ++n) clear_slice(face.slices[n], face.planes.at(n), cells_of(face.slices[n].frame));
  put_pixels(data_set, first, cells);
}

}  // namespace consilium::imaging
