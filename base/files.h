#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace consilium {

namespace fs = std::filesystem;

/// Is there a file that can be opened for reading? `path` may be a link to one. Device and pipe are none.
/// @throws Error{kNotFound} saying what is wrong: absent, a folder, no permission.
void require_file(const fs::path& path);

/// Whole file as bytes. @throws Error{kNotFound} absent, a folder or not permitted; Error{kCorruptData} longer than `limit_bytes` or unreadable.
std::string read_file(const fs::path& path, std::uint64_t limit_bytes = 1ULL << 30);

/// What a file survives.
enum class Durability {
  kPowerLoss,  ///< fsync'ed before it takes its name, and the name after it
  kKill,       ///< the process may die, the machine not: for what is checked by its hash when it is read, and made again if it is damaged
};

/// Writes beside `path` and renames, so that no reader ever sees half a file. Parent folders are made.
/// @throws Error{kCannotWrite}
void write_file(const fs::path& path, std::string_view bytes, Durability durability = Durability::kPowerLoss);

/// Same guarantee for writers that need a path: `write` gets a temporary name that ends in the extension of `path`. It may make a folder of
/// that name instead of a file; then `path` must not exist, or be an empty folder.
void write_beside(const fs::path& path, const std::function<void(const fs::path& temporary)>& write, Durability durability = Durability::kPowerLoss);

/// A path as a settings file in `folder` means it: relative to that folder, not to where the program was started. Empty, for "none", stays empty.
std::string resolved(const fs::path& folder, const std::string& path);

/// Makes a folder and its parents. @throws Error{kCannotWrite}
void make_folder(const fs::path& path);

/// A folder that vanishes with its scope.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(std::string_view prefix = "consilium");
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace consilium
