#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/open_file.h"
#include "imaging/dicom/header.h"

namespace consilium::imaging {

/// The frames of one open file. Several threads may read from it at once.
class FrameSource {
 public:
  /// `h` is any slice of the file.
  /// @throws Error{kNotFound}; Error{kMismatch} the file has changed since its header was read; Error{kCorruptData}.
  explicit FrameSource(const DicomHeader& h);

  /// Bytes of a stored frame, decoded.
  static std::size_t frame_bytes(const DicomHeader& h);

  /// Reads the frame of a slice into `cells` (frame_bytes of them): samples of Bits Allocated in host byte order, colours
  /// pixel by pixel as red, green and blue.
  /// @throws Error{kCorruptData} there are too few, or they are damaged; Error{kUnsupported} an encoding that is not decoded, named.
  void read_frame(const DicomHeader& h, std::span<char> cells) const;

 private:
  struct Fragment {
    std::uint64_t offset;
    std::uint32_t length;
  };
  void find_fragments(const DicomHeader& h);
  void assign_frames(const DicomHeader& h, const std::vector<std::uint32_t>& offsets, std::uint64_t first);
  void read_at(std::uint64_t offset, std::span<char> target) const;
  std::string encoded_frame(int frame) const;
  void read_native(const DicomHeader& h, std::span<char> cells) const;

  std::string name_;
  OpenFile file_;
  std::uint64_t length_ = 0;
  std::string inflated_;  ///< all of a deflated file
  std::vector<Fragment> fragments_;
  std::vector<std::size_t> first_fragment_;  ///< of each frame, and their number
};

}  // namespace consilium::imaging
