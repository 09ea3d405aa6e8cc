#pragma once

#include <filesystem>

namespace consilium {

/// One process at a time works in a folder: FOLDER/.lock is locked for its scope. Whoever is killed leaves it unlocked.
class FolderLock {
 public:
  /// Makes the folder. Waits `seconds` for another process, which may just be ending.
  /// @throws Error{kCannotWrite} it is still in use, or cannot be made.
  explicit FolderLock(const std::filesystem::path& folder, double seconds = 5);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept;
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace consilium
