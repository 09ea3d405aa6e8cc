#include "fl/compress/byte_source.h"

#include "base/error.h"
#include "base/files.h"

namespace consilium::fl {

ByteSource ByteSource::of_bytes(std::string_view bytes) {
  ByteSource source;
  source.bytes_ = bytes;
  source.size_bytes_ = bytes.size();
  return source;
}

ByteSource ByteSource::of_file(const std::filesystem::path& path) {
  require_file(path);
  ByteSource source;
  source.file_ = std::make_unique<const OpenFile>(path, false);
  source.size_bytes_ = source.file_->size();
  return source;
}

std::string ByteSource::read(std::uint64_t offset, std::uint64_t count) const {
  require(offset <= size_bytes_ && count <= size_bytes_ - offset, ErrorCode::kCorruptData, "the bytes end too early");
  if (!file_) return std::string(bytes_.substr(offset, count));
  std::string piece = file_->read(offset, static_cast<std::size_t>(count));
  require(piece.size() == count, ErrorCode::kCorruptData, "the file cannot be read to its end");
  return piece;
}

}  // namespace consilium::fl
