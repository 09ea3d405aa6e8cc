#pragma once

#include <filesystem>

namespace consilium {

/// Nothing that exists is replaced unasked. @throws Error{kCannotWrite} `path` exists, and `overwrite`, which is --overwrite, was not given.
void require_free(const std::filesystem::path& path, bool overwrite);

}  // namespace consilium
