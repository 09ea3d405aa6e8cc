#include "fl/compress/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

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
  source.descriptor_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  require(source.descriptor_ >= 0 && fstat(source.descriptor_, &status) == 0, ErrorCode::kNotFound,
          path.string() + ": cannot be opened");
  source.size_bytes_ = static_cast<std::uint64_t>(status.st_size);
  return source;
}

ByteSource::~ByteSource() {
  if (descriptor_ >= 0) close(descriptor_);
}

ByteSource::ByteSource(ByteSource&& other) noexcept
    : bytes_(other.bytes_), descriptor_(std::exchange(other.descriptor_, -1)), size_bytes_(other.size_bytes_) {}

ByteSource& ByteSource::operator=(ByteSource&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_bytes_, other.size_bytes_);
  return *this;
}

std::string ByteSource::read(std::uint64_t offset, std::uint64_t count) const {
  require(offset <= size_bytes_ && count <= size_bytes_ - offset, ErrorCode::kCorruptData, "the bytes end too early");
  if (descriptor_ < 0) return std::string(bytes_.substr(offset, count));
  std::string piece(count, '\0');
  for (std::size_t done = 0; done < piece.size();) {
    const ssize_t got = pread(descriptor_, piece.data() + done, piece.size() - done, static_cast<off_t>(offset + done));
    require(got > 0, ErrorCode::kCorruptData, "the file cannot be read to its end");
    done += static_cast<std::size_t>(got);
  }
  return piece;
}

}  // namespace consilium::fl
