#include "fl/ledger/lines_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/files.h"

namespace consilium::fl {
namespace {

constexpr std::uint64_t kMostBytes = 1ULL << 30;

struct Open {
  explicit Open(const fs::path& path) : file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {}
  ~Open() {
    if (file >= 0) ::close(file);
  }
  Open(const Open&) = delete;
  int file;
};

/// Where the next line begins: after the last one that is whole.
off_t end_of_lines(int file) {
  off_t end = ::lseek(file, 0, SEEK_END);
  for (char last = 0; end > 0; --end)
    if (::pread(file, &last, 1, end - 1) != 1 || last == '\n') break;
  return end;
}

}  // namespace

std::vector<std::string> read_lines(const fs::path& file) {
  if (!fs::exists(file)) return {};
  const std::string text = read_file(file, kMostBytes);
  std::vector<std::string> lines;
  for (std::size_t begin = 0, end = text.find('\n'); end != std::string::npos; begin = end + 1, end = text.find('\n', begin)) lines.push_back(text.substr(begin, end - begin));
  return lines;
}

void append_line(const fs::path& file, const std::string& line) {
  if (file.has_parent_path()) make_folder(file.parent_path());
  const Open open(file);
  const auto check = [&](bool good) { require(good, ErrorCode::kCannotWrite, file.string() + ": " + std::strerror(errno)); };
  check(open.file >= 0);
  const off_t begin = end_of_lines(open.file);
  check(begin >= 0 && ::ftruncate(open.file, begin) == 0);
  const std::string bytes = line + "\n";
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t wrote = ::pwrite(open.file, bytes.data() + done, bytes.size() - done, begin + static_cast<off_t>(done));
    check(wrote > 0);
    done += static_cast<std::size_t>(wrote);
  }
  check(::fsync(open.file) == 0);
}

}  // namespace consilium::fl
