#include "fl/ledger/lines_file.h"

#include "base/files.h"
#include "base/open_file.h"

namespace consilium::fl {
namespace {

constexpr std::uint64_t kMostBytes = 1ULL << 30;

/// Where the next line begins: after the last one that is whole.
std::uint64_t end_of_lines(const OpenFile& file) {
  std::uint64_t end = file.size();
  while (end > 0 && file.read(end - 1, 1) != "\n") --end;
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

void append_line(const fs::path& path, const std::string& line) {
  const OpenFile file(path, true);
  const std::uint64_t begin = end_of_lines(file);
  file.resize(begin);
  file.write(begin, line + "\n");
  file.sync();
}

}  // namespace consilium::fl
