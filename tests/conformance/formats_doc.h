#pragma once

#include <set>
#include <string>

#include "base/files.h"
#include "base/settings.h"

namespace consilium::test {

/// The JSON block of docs/formats.md below the line `<!-- test: NAME -->`.
inline Json documented(const std::string& name) {
  const std::string text = read_file(fs::path(CONSILIUM_SOURCE_DIR) / "docs/formats.md");
  const std::string mark = "<!-- test: " + name + " -->\n```json\n";
  const std::size_t start = text.find(mark);
  require(start != std::string::npos, ErrorCode::kNotFound, "docs/formats.md has no block \"" + name + "\"");
  const std::size_t end = text.find("```", start + mark.size());
  return parse_json(std::string_view(text).substr(start + mark.size(), end - start - mark.size()), "docs/formats.md, " + name);
}

/// Every key with its path; entries of lists as one ("sites[].name"). Keys of `free` (paths) are the user's own words.
inline std::set<std::string> key_paths(const Json& json, const std::set<std::string>& free = {}, const std::string& path = "") {
  std::set<std::string> paths;
  if (free.contains(path)) return paths;
  if (json.is_array())
    for (const Json& entry : json) paths.merge(key_paths(entry, free, path + "[]"));
  if (json.is_object())
    for (const auto& item : json.items()) {
      const std::string below = path + "." + item.key();
      paths.insert(below);
      paths.merge(key_paths(item.value(), free, below));
    }
  return paths;
}

}  // namespace consilium::test
