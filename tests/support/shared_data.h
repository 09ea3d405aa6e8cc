#pragma once

#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/settings.h"

namespace consilium::test {

inline std::filesystem::path shared_path(const std::string& relative) { return std::filesystem::path(CONSILIUM_SHARED_DIR) / relative; }

/// The oracle of that name. @throws Error{kNotFound}
inline Json oracle(const std::string& file, const std::string& name) {
  const Json all = read_json(shared_path("oracles/" + file + ".json"));
  for (const Json& entry : all.at("cases"))
    if (entry.at("name") == name) return entry;
  throw Error(ErrorCode::kNotFound, "no oracle named " + name);
}

/// For `if (is_absent(file)) GTEST_SKIP() << kNeedsShared << file;`
inline bool is_absent(const std::string& relative) { return !std::filesystem::exists(shared_path(relative)); }
inline constexpr const char* kNeedsShared = "needs ../shared/";

}  // namespace consilium::test
