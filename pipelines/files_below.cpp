#include "pipelines/files_below.h"

#include <algorithm>
#include <system_error>

#include "base/error.h"
#include "base/files.h"

namespace consilium::pipelines {
namespace {

constexpr int kDeepestFolder = 32;

}  // namespace

std::vector<fs::path> files_below(const fs::path& input) {
  std::error_code status;
  if (fs::is_regular_file(input, status)) return {input};
  require(fs::is_directory(input, status), ErrorCode::kNotFound, input.string() + ": no such file or folder");
  std::vector<fs::path> files;
  fs::recursive_directory_iterator it(input, fs::directory_options::skip_permission_denied, status), end;
  for (; !status && it != end; it.increment(status)) {
    if (it.depth() >= kDeepestFolder) it.disable_recursion_pending();
    if (it->is_regular_file(status)) files.push_back(it->path());
    status.clear();
  }
  std::sort(files.begin(), files.end(), [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });  // as sort does in the C locale
  return files;
}

}  // namespace consilium::pipelines
