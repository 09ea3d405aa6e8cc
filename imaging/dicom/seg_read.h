#pragma once

#include <memory>
#include <span>
#include <string>

#include "imaging/dicom/frame_source.h"
#include "imaging/dicom/seg_file.h"

namespace consilium::imaging {

/// The pixels of a segmentation. Several threads may read at once. Memory: the file's own pixels, and a frame per thread.
class SegReader {
 public:
  /// @throws Error{kCorruptData} fewer pixels than the header promises; Error{kMismatch} the file has changed since.
  explicit SegReader(SegFile file);

  const SegFile& file() const { return file_; }

  /// Stored values of a frame: 0 and 1, fractions, or labels (Segment Numbers).
  /// @throws Error{kCorruptData}, Error{kUnsupported} naming the encoding.
  void read_frame(std::size_t frame, std::span<std::uint16_t> values) const;

  /// What lies on each plane; of fractions, what is at least half. It refers to this reader, which must outlive it.
  Structures structures() const;

  /// Stored fractions of one segment (by its place in the file's list) on a plane; of 8 bits. 0 where there is no frame.
  void read_fractions(std::size_t segment, std::size_t plane, std::span<std::uint8_t> fractions) const;

 private:
  void read_bits(std::size_t frame, std::span<std::uint16_t> values) const;
  void visit(std::size_t plane, const PlaneVisitor& visit) const;
  void visit_labels(std::size_t plane, const PlaneVisitor& visit) const;
  std::size_t plane_voxels() const { return file_.geometry.size[0] * file_.geometry.size[1]; }

  SegFile file_;
  std::unique_ptr<FrameSource> source_;
  std::string bits_;  ///< all pixels of a native file of one bit per pixel
  std::vector<std::vector<std::size_t>> frames_on_;  ///< of each plane
};

}  // namespace consilium::imaging
