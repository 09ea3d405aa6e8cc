#include "fl/wire/chunk_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/files.h"
#include "base/parallel.h"

namespace consilium::fl {
namespace {

[[noreturn]] void cannot_write(const fs::path& path, int failure) {
  const std::string remedy = failure == ENOSPC || failure == EDQUOT ? "; make room on that disk, and it goes on where it stopped" : "";
  throw Error(ErrorCode::kCannotWrite, "cannot write " + path.string() + ": " + std::strerror(failure) + remedy);
}

}  // namespace

OpenFile::OpenFile(const fs::path& path, bool write) : path_(path) {
  if (write && path.has_parent_path()) make_folder(path.parent_path());
  descriptor_ = ::open(path.c_str(), (write ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC, 0644);
  if (descriptor_ < 0 && write) cannot_write(path, errno);
  require(descriptor_ >= 0, ErrorCode::kNotFound, "cannot open " + path.string() + ": " + std::strerror(errno));
}

OpenFile::~OpenFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::uint64_t OpenFile::size() const {
  struct stat status {};
  require(::fstat(descriptor_, &status) == 0, ErrorCode::kCorruptData, path_.string() + ": " + std::strerror(errno));
  return static_cast<std::uint64_t>(status.st_size);
}

std::string OpenFile::read(std::uint64_t offset, std::size_t count) const {
  std::string bytes(count, '\0');
  std::size_t done = 0;
  while (done < count) {
    const ssize_t got = ::pread(descriptor_, bytes.data() + done, count - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    require(got >= 0, ErrorCode::kCorruptData, path_.string() + ": cannot be read: " + std::strerror(errno));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

void OpenFile::write(std::uint64_t offset, std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) cannot_write(path_, put == 0 ? ENOSPC : errno);
    bytes.remove_prefix(static_cast<std::size_t>(put));
    offset += static_cast<std::uint64_t>(put);
  }
}

void OpenFile::reserve(std::uint64_t bytes) const {
  if (::ftruncate(descriptor_, static_cast<off_t>(bytes)) != 0) cannot_write(path_, errno);
  if (bytes == 0) return;
  const int failure = ::posix_fallocate(descriptor_, 0, static_cast<off_t>(bytes));
  if (failure != 0 && failure != EOPNOTSUPP && failure != EINVAL) cannot_write(path_, failure);
}

FileChunks chunks_of_file(const fs::path& path) {
  FileChunks file{OpenFile(path, false), {}};
  file.list.size_bytes = file.file.size();
  file.list.hashes.resize((file.list.size_bytes + kChunkBytes - 1) / kChunkBytes);
  parallel_for(file.list.hashes.size(), 4, [&](std::size_t begin, std::size_t end) {
    for (std::size_t n = begin; n < end; ++n) file.list.hashes[n] = sha256(file.chunk(n));
  });
  return file;
}

ChunkFile::ChunkFile(const fs::path& path, ChunkList list) : list_(std::move(list)), file_(path, true), is_there_(list_.hashes.size(), false) {
  for (std::size_t n = 0; n < list_.hashes.size(); ++n) places_[list_.hashes[n]].push_back(n);
  missing_ = list_.hashes.size();
  const std::uint64_t old_bytes = file_.size();
  for (std::size_t n = 0; n < list_.hashes.size() && list_.offset(n) < old_bytes; ++n) {
    if (sha256(file_.read(list_.offset(n), list_.length(n))) != list_.hashes[n]) continue;
    is_there_[n] = true;
    --missing_;
  }
  file_.reserve(list_.size_bytes);
}

std::vector<std::uint64_t> ChunkFile::missing() const {
  std::vector<std::uint64_t> indices;
  for (std::size_t n = 0; n < is_there_.size(); ++n)
    if (!is_there_[n] && (places_.at(list_.hashes[n]).front() == n || is_there_[places_.at(list_.hashes[n]).front()])) indices.push_back(n);
  return indices;
}

void ChunkFile::add(std::string_view hash, std::string_view data) {
  const auto place = places_.find(hash);
  require(place != places_.end(), ErrorCode::kCorruptData, "a chunk that was not announced");
  require(data.size() == list_.length(place->second.front()), ErrorCode::kCorruptData, "a chunk of " + std::to_string(data.size()) + " bytes: not the announced length");
  require(sha256(data) == hash, ErrorCode::kCorruptData, "a chunk whose bytes do not have the announced SHA-256");
  for (const std::size_t index : place->second) {
    if (is_there_[index]) continue;
    file_.write(list_.offset(index), data);
    is_there_[index] = true;
    --missing_;
  }
}

}  // namespace consilium::fl
