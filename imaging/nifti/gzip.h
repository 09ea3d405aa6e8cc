#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace consilium::imaging {

/// One piece of a gzip stream that is compressed on its own, so that pieces can be made at the same time.
struct GzipPiece {
  std::string deflated;      ///< whole bytes, without an end: another piece or kGzipEnd follows
  std::uint32_t crc = 0;     ///< of what went in
  std::uint64_t length = 0;  ///< of what went in
};

/// Deflates at `level` (0 to 9, libdeflate's). libdeflate ends every stream: the mark of the last block is taken off again, and an
/// empty stored block brings the piece to a byte's end. The file stays one gzip member, which every reader reads.
/// Source: RFC 1951 section 3.2.3 (BFINAL), 3.2.4 (stored blocks).
GzipPiece gzip_piece(std::string_view bytes, int level);

/// Ten bytes without name and time, so that same voxels make same files. Source: RFC 1952 section 2.3.
std::string gzip_start(int level);

/// Sums up the pieces in their order.
class GzipSum {
 public:
  void add(const GzipPiece& piece);
  /// The last block, checksum and length.
  std::string end() const;

 private:
  std::uint32_t crc_ = 0;
  std::uint64_t length_ = 0;
};

}  // namespace consilium::imaging
