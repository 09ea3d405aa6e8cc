#include "imaging/dicom/file_start.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/error.h"
#include "base/open_file.h"

namespace consilium::imaging {
namespace {

constexpr std::size_t kStart = 1 << 14;

/// A pipe would be waited for: only files are opened.
struct stat status_of(const std::filesystem::path& file) {
  struct stat status{};
  require(::stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode), ErrorCode::kNotFound, file.string() + ": no such file");
  return status;
}

std::string first_bytes(const std::filesystem::path& file, std::size_t count, std::uint64_t length) {
  return OpenFile(file, false).read(0, static_cast<std::size_t>(std::min<std::uint64_t>(count, length)));
}

}  // namespace

FileStart read_start(const std::filesystem::path& file) {
  const struct stat status = status_of(file);
  const auto length = static_cast<std::uint64_t>(status.st_size);
  return {file, length, status.st_mtim.tv_sec * 1000000000LL + status.st_mtim.tv_nsec, first_bytes(file, kStart, length)};
}

std::string read_first_bytes(const std::filesystem::path& file, std::size_t count) { return first_bytes(file, count, static_cast<std::uint64_t>(status_of(file).st_size)); }

bool looks_like_dicom(std::string_view start) {
  if (start.size() >= 132 && start.substr(128, 4) == "DICM") return true;
  if (start.size() < 8) return false;
  const auto is_group = [&](int group) { return (start[0] == group && start[1] == 0) || (start[0] == 0 && start[1] == group); };
  return is_group(2) || is_group(8);
}

}  // namespace consilium::imaging
