#include "imaging/dicom/file_start.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "base/error.h"

namespace consilium::imaging {
namespace {

constexpr std::size_t kStart = 1 << 14;

class Descriptor {
 public:
  explicit Descriptor(const std::filesystem::path& file) : number(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) {
    require(number >= 0, ErrorCode::kNotFound, file.string() + (errno == ENOENT ? ": no such file" : ": cannot be opened"));
  }
  ~Descriptor() { ::close(number); }
  Descriptor(const Descriptor&) = delete;
  const int number;
};

struct stat status_of(const Descriptor& descriptor, const std::filesystem::path& file) {
  struct stat status{};
  require(::fstat(descriptor.number, &status) == 0 && S_ISREG(status.st_mode), ErrorCode::kNotFound, file.string() + ": no such file");
  return status;
}

std::string first_bytes(const Descriptor& descriptor, std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t done = 0;
  while (done < count) {
    const ssize_t got = ::read(descriptor.number, bytes.data() + done, count - done);
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace

FileStart read_start(const std::filesystem::path& file) {
  const Descriptor descriptor(file);
  const struct stat status = status_of(descriptor, file);
  const auto length = static_cast<std::uint64_t>(status.st_size);
  return {file, length, status.st_mtim.tv_sec * 1000000000LL + status.st_mtim.tv_nsec, first_bytes(descriptor, static_cast<std::size_t>(std::min<std::uint64_t>(length, kStart)))};
}

std::string read_first_bytes(const std::filesystem::path& file, std::size_t count) {
  const Descriptor descriptor(file);
  const auto length = static_cast<std::size_t>(status_of(descriptor, file).st_size);
  return first_bytes(descriptor, std::min(count, length));
}

bool looks_like_dicom(std::string_view start) {
  if (start.size() >= 132 && start.substr(128, 4) == "DICM") return true;
  if (start.size() < 8) return false;
  const auto is_group = [&](int group) { return (start[0] == group && start[1] == 0) || (start[0] == 0 && start[1] == group); };
  return is_group(2) || is_group(8);
}

}  // namespace consilium::imaging
