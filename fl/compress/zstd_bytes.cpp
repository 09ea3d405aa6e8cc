#include "fl/compress/zstd_bytes.h"

#include <zstd.h>

#include "base/error.h"

namespace consilium::fl {

std::string to_zstd(std::string_view bytes, int level) {
  std::string frame(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size = ZSTD_compress(frame.data(), frame.size(), bytes.data(), bytes.size(), level);
  require(ZSTD_isError(size) == 0, ErrorCode::kUnexpected, std::string("zstd: ") + ZSTD_getErrorName(size));
  frame.resize(size);
  return frame;
}

std::string from_zstd(std::string_view frame, std::size_t size) {
  std::string bytes(size, '\0');
  const std::size_t found = ZSTD_decompress(bytes.data(), bytes.size(), frame.data(), frame.size());
  require(ZSTD_isError(found) == 0, ErrorCode::kCorruptData, std::string("zstd: ") + ZSTD_getErrorName(found));
  require(found == size, ErrorCode::kCorruptData, "zstd: fewer bytes than announced");
  return bytes;
}

}  // namespace consilium::fl
