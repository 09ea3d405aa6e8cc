#include "base/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/files.h"

namespace consilium {
namespace {

int open_lock(const fs::path& folder) {
  make_folder(folder);
  const fs::path file = folder / ".lock";
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  require(descriptor >= 0, ErrorCode::kCannotWrite, "cannot write " + file.string() + ": " + std::strerror(errno));
  return descriptor;
}

}  // namespace

std::optional<FolderLock> FolderLock::try_lock(const fs::path& folder) {
  FolderLock lock(open_lock(folder));
  if (::flock(lock.descriptor_, LOCK_EX | LOCK_NB) == 0) return lock;
  require(errno == EWOULDBLOCK, ErrorCode::kCannotWrite, folder.string() + ": " + std::strerror(errno));
  return std::nullopt;
}

FolderLock::FolderLock(const fs::path& folder, double seconds, LockKind kind) : descriptor_(open_lock(folder)) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (::flock(descriptor_, (kind == LockKind::kShared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      continue;
    }
    const std::string reason =
        errno == EWOULDBLOCK ? "another consilium process works in it; let it end, or stop it" : std::strerror(errno);
    ::close(descriptor_);
    throw Error(ErrorCode::kCannotWrite, folder.string() + ": " + reason);
  }
}

FolderLock::FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace consilium
