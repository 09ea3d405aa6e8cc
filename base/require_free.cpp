#include "base/require_free.h"

#include "base/error.h"

namespace consilium {

void require_free(const std::filesystem::path& path, bool overwrite) {
  require(overwrite || !std::filesystem::exists(path), ErrorCode::kCannotWrite, path.string() + ": exists; give --overwrite to replace it");
}

}  // namespace consilium
