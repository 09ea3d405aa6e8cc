#include "imaging/nifti/gzip.h"

#include <libdeflate.h>
#include <zlib.h>

#include <memory>

#include "base/error.h"

namespace consilium::imaging {
namespace {

using Compressor = std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)>;

/// Where the header of the last block of a deflate stream begins, and how many bits of its last byte are free.
struct Ending {
  std::uint64_t last_block_bit = 0;
  int free_bits = 0;
};

/// zlib's inflate can stop at every block.
Ending ending_of(std::string_view deflated) {
  z_stream stream{};
  require(inflateInit2(&stream, -MAX_WBITS) == Z_OK, ErrorCode::kUnexpected, "zlib cannot start");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(deflated.data()));
  stream.avail_in = static_cast<uInt>(deflated.size());
  std::string scratch(1 << 17, '\0');
  Ending ending;
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(scratch.data());
    stream.avail_out = static_cast<uInt>(scratch.size());
    status = inflate(&stream, Z_BLOCK);
    constexpr int kBlockEnds = 128, kInLastBlock = 64, kUnusedBits = 7;
    if ((stream.data_type & kBlockEnds) == 0) continue;
    ending.free_bits = stream.data_type & kUnusedBits;
    if ((stream.data_type & kInLastBlock) == 0)
      ending.last_block_bit = 8 * static_cast<std::uint64_t>(stream.total_in) - static_cast<std::uint64_t>(ending.free_bits);
  }
  const bool ended = status == Z_STREAM_END;
  inflateEnd(&stream);
  require(ended, ErrorCode::kUnexpected, "a deflate stream that was just made is damaged");
  return ending;
}

void append_number(std::string& bytes, std::uint32_t value) {
  for (int n = 0; n < 4; ++n) bytes += static_cast<char>(value >> (8 * n) & 0xFF);
}

}  // namespace

GzipPiece gzip_piece(std::string_view bytes, int level) {
  const Compressor compressor(libdeflate_alloc_compressor(level), &libdeflate_free_compressor);
  require(compressor != nullptr, ErrorCode::kUnexpected, "no memory for compression");
  GzipPiece piece{std::string(libdeflate_deflate_compress_bound(compressor.get(), bytes.size()), '\0'),
                  libdeflate_crc32(0, bytes.data(), bytes.size()), bytes.size()};
  std::string& out = piece.deflated;
  out.resize(libdeflate_deflate_compress(compressor.get(), bytes.data(), bytes.size(), out.data(), out.size()));
  const Ending ending = ending_of(out);
  out[ending.last_block_bit / 8] &= static_cast<char>(~(1U << (ending.last_block_bit % 8)));
  // Three bits of a stored block that is not the last; the free bits are 0 already.
  if (ending.free_bits < 3) out += '\0';
  out.append("\x00\x00\xff\xff", 4);
  return piece;
}

std::string gzip_start(int level) {
  std::string start("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", 10);
  start[8] = level >= 9 ? 2 : level <= 1 ? 4 : 0;
  return start;
}

void GzipSum::add(const GzipPiece& piece) {
  crc_ = static_cast<std::uint32_t>(crc32_combine(crc_, piece.crc, static_cast<z_off_t>(piece.length)));
  length_ += piece.length;
}

std::string GzipSum::end() const {
  std::string end("\x03\x00", 2);  // an empty block, the last one
  append_number(end, crc_);
  append_number(end, static_cast<std::uint32_t>(length_));
  return end;
}

}  // namespace consilium::imaging
