#pragma once

#include <filesystem>
#include <optional>

namespace consilium {

enum class LockKind {
  kExclusive,
  kShared,  ///< with others that share it, but with none that has it alone
};

/// One process at a time works in a folder: FOLDER/.lock is locked for its scope. Whoever is killed leaves it unlocked. On a network file system
/// it holds between machines where flock does (NFS from Linux 2.6.12, Lustre with -o flock).
class FolderLock {
 public:
  /// Makes the folder. Waits `seconds` for another process, which may just be ending.
  /// @throws Error{kCannotWrite} it is still in use, or cannot be made.
  explicit FolderLock(const std::filesystem::path& folder, double seconds = 5, LockKind kind = LockKind::kExclusive);
  /// At once; nothing when it is in use. @throws Error{kCannotWrite} it cannot be made.
  static std::optional<FolderLock> try_lock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept;
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace consilium
