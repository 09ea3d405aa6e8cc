#include "base/files.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "base/open_file.h"

namespace consilium {
namespace {

fs::path temporary_beside(const fs::path& path) {
  static std::atomic<unsigned> serial{0};
  // The extension stays last: writers choose the format by it.
  return path.parent_path() / (".partial-" + std::to_string(::getpid()) + "-" + std::to_string(serial++) + "-" + path.filename().string());
}

/// The names in a folder: a file renamed into place may else be missing after the power has failed, though its bytes are there.
void sync_names(const fs::path& folder) {
  if (::access(folder.c_str(), R_OK) == 0) OpenFile(folder, false).sync();  // one that can be written to and not read cannot be opened
}

}  // namespace

void require_file(const fs::path& path) {
  std::error_code status;
  const fs::file_type type = fs::status(path, status).type();
  require(type != fs::file_type::not_found, ErrorCode::kNotFound, "no such file: " + path.string());
  require(type != fs::file_type::none, ErrorCode::kNotFound, "cannot open " + path.string() + ": " + status.message());
  require(type != fs::file_type::directory, ErrorCode::kNotFound, "expected a file, found a folder: " + path.string());
  require(type == fs::file_type::regular, ErrorCode::kNotFound, "expected a file, found a device or pipe: " + path.string());
  const int failure = ::access(path.c_str(), R_OK) == 0 ? 0 : errno;  // before the message is made: arguments have no order
  require(failure == 0, ErrorCode::kNotFound, "cannot open " + path.string() + ": " + std::strerror(failure));
}

std::string read_file(const fs::path& path, std::uint64_t limit_bytes) {
  std::error_code status;
  // A pipe is welcome here: `consilium train <(generate settings)`.
  if (!fs::is_fifo(path, status)) require_file(path);
  std::ifstream stream(path, std::ios::binary);
  require(stream.good(), ErrorCode::kNotFound, "cannot open " + path.string() + ": " + std::strerror(errno));
  const auto size = fs::file_size(path, status);
  if (!status) {
    require(size <= limit_bytes, ErrorCode::kCorruptData,
            path.string() + " has " + std::to_string(size) + " bytes, more than the limit of " + std::to_string(limit_bytes));
  }
  std::string bytes;
  if (!status) bytes.reserve(size);
  char buffer[1 << 16];
  while (stream.read(buffer, sizeof buffer), stream.gcount() > 0) {
    bytes.append(buffer, static_cast<std::size_t>(stream.gcount()));
    require(bytes.size() <= limit_bytes, ErrorCode::kCorruptData, path.string() + " is longer than the limit of " + std::to_string(limit_bytes) + " bytes");
  }
  return bytes;
}

void write_file(const fs::path& path, std::string_view bytes, Durability durability) {
  write_beside(path, [&](const fs::path& temporary) {
    std::ofstream stream(temporary, std::ios::binary | std::ios::trunc);
    stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    stream.flush();
    require(stream.good(), ErrorCode::kCannotWrite, "cannot write " + path.string() + ": " + std::strerror(errno));
  }, durability);
}

void write_beside(const fs::path& path, const std::function<void(const fs::path&)>& write, Durability durability) {
  if (path.has_parent_path()) make_folder(path.parent_path());
  const fs::path temporary = temporary_beside(path);
  struct Remove {
    const fs::path& path;
    ~Remove() {
      std::error_code ignored;
      fs::remove_all(path, ignored);  // a writer may have made a folder
    }
  } remove{temporary};
  write(temporary);
  if (durability == Durability::kPowerLoss) OpenFile(temporary, false).sync();
  std::error_code status;
  fs::rename(temporary, path, status);
  require(!status, ErrorCode::kCannotWrite, "cannot write " + path.string() + ": " + status.message());
  if (durability == Durability::kPowerLoss) sync_names(path.has_parent_path() ? path.parent_path() : fs::path("."));
}

std::string resolved(const fs::path& folder, const std::string& path) {
  if (path.empty() || fs::path(path).is_absolute()) return path;
  return (folder / path).lexically_normal().string();
}

void make_folder(const fs::path& path) {
  std::error_code status;
  fs::create_directories(path, status);
  require(fs::is_directory(path), ErrorCode::kCannotWrite,
          "cannot make folder " + path.string() + ": " + (status ? status.message() : "a file of that name exists"));
}

TemporaryFolder::TemporaryFolder(std::string_view prefix) {
  std::string name = (fs::temp_directory_path() / (std::string(prefix) + "-XXXXXX")).string();
  require(::mkdtemp(name.data()) != nullptr, ErrorCode::kCannotWrite, "cannot make a temporary folder in " + fs::temp_directory_path().string());
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace consilium
