#include "imaging/nifti/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "base/rng.h"

namespace consilium::imaging {
namespace {

/// zlib's own answer; empty when the stream is not one whole member.
std::string inflated(const std::string& packed, std::size_t length) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 16 + MAX_WBITS), Z_OK);
  std::string plain(length + 16, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_out = static_cast<uInt>(plain.size());
  const int status = inflate(&stream, Z_FINISH);
  plain.resize(stream.total_out);
  const bool whole = status == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  return whole ? plain : "";
}

/// Random bytes of few kinds, so that blocks of every type appear.
std::string some_bytes(Rng& rng, std::size_t length, std::uint64_t kinds) {
  std::string bytes;
  for (std::size_t n = 0; n < length; ++n) bytes += static_cast<char>(rng.below(kinds));
  return bytes;
}

TEST(Gzip, PiecesMakeOneMemberThatZlibReads) {
  Rng rng(7);
  for (int level = 0; level <= 9; ++level)
    for (const std::uint64_t kinds : {1ULL, 3ULL, 60ULL, 256ULL})
      for (const std::size_t length : {0UL, 1UL, 5UL, 1000UL, 400000UL}) {
        std::string plain, packed = gzip_start(level);
        GzipSum sum;
        for (int n = 0; n < 3; ++n) {
          const std::string bytes = some_bytes(rng, length + static_cast<std::size_t>(n), kinds);
          const GzipPiece piece = gzip_piece(bytes, level);
          packed += piece.deflated, plain += bytes;
          sum.add(piece);
        }
        packed += sum.end();
        EXPECT_EQ(inflated(packed, plain.size()), plain) << level << " " << kinds << " " << length;
      }
}

}  // namespace
}  // namespace consilium::imaging
