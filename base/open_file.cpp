#include "base/open_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/files.h"

namespace consilium {
namespace {

[[noreturn]] void cannot_write(const fs::path& path, int failure) {
  const std::string remedy = failure == ENOSPC || failure == EDQUOT ? "; make room on that disk, then start this again" : "";
  throw Error(ErrorCode::kCannotWrite, "cannot write " + path.string() + ": " + std::strerror(failure) + remedy);
}

struct stat status_of(int descriptor, const fs::path& path) {
  struct stat status {};
  require(::fstat(descriptor, &status) == 0, ErrorCode::kCorruptData, path.string() + ": " + std::strerror(errno));
  return status;
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

std::uint64_t OpenFile::size() const { return static_cast<std::uint64_t>(status_of(descriptor_, path_).st_size); }

std::int64_t OpenFile::changed_at() const {
  const timespec time = status_of(descriptor_, path_).st_mtim;
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

std::size_t OpenFile::read(std::uint64_t offset, std::span<char> bytes) const {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::pread(descriptor_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    require(got >= 0, ErrorCode::kCorruptData, path_.string() + ": cannot be read: " + std::strerror(errno));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

std::string OpenFile::read(std::uint64_t offset, std::size_t count) const {
  std::string bytes(count, '\0');
  bytes.resize(read(offset, std::span(bytes)));
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

void OpenFile::resize(std::uint64_t bytes) const {
  if (::ftruncate(descriptor_, static_cast<off_t>(bytes)) != 0) cannot_write(path_, errno);
}

void OpenFile::sync() const {
  if (::fsync(descriptor_) != 0 && errno != EINVAL) cannot_write(path_, errno);  // EINVAL: nothing that can be waited for, as a pipe
}

void OpenFile::reserve(std::uint64_t bytes) const {
  resize(bytes);
  if (bytes == 0) return;
  const int failure = ::posix_fallocate(descriptor_, 0, static_cast<off_t>(bytes));
  if (failure != 0 && failure != EOPNOTSUPP && failure != EINVAL) cannot_write(path_, failure);
}

}  // namespace consilium
