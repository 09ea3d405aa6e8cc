#pragma once

#include <filesystem>
#include <vector>

namespace consilium::pipelines {

/// Regular files of a folder and its folders, or the file itself, in the order of paths. Links to folders are not followed, and what cannot be read is left out.
/// @throws Error{kNotFound}
std::vector<std::filesystem::path> files_below(const std::filesystem::path& input);

}  // namespace consilium::pipelines
