#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace consilium::tools {

/// What `consilium keys` prints (docs/formats.md): members of a keys folder, all of them or those of these names; or files that it wrote.
void print_members(const std::filesystem::path& folder, const std::vector<std::string>& names, bool as_json);
/// Files that a verb wrote, under the name of its JSON.
void print_files(const std::vector<std::filesystem::path>& files, bool as_json, const char* schema = "consilium.keys/1");
void print_serials(const std::vector<std::string>& serials, bool as_json);

}  // namespace consilium::tools
