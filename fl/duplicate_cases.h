#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "fl/update.h"

namespace consilium::fl {

inline constexpr std::size_t kCaseDigestBytes = 16, kMostCaseDigests = 100000;

/// What stands for a case where sites agreed to look for the same patients in two of them: the first 16 bytes of HMAC-SHA256(key, SHA-256(content)). The hospitals share the key and the
/// coordinator does not have it: he sees which digests are equal, and can neither try images that he has nor link them to another federation. Source: RFC 2104.
std::string case_digest(std::string_view key, std::string_view content);

/// At least 32 bytes, at most 4096. @throws Error{kNotFound}; Error{kUsage} a key that could be guessed.
std::string read_case_key(const std::filesystem::path& file);

/// Of every site that sent digests: how many of its cases another site has too.
std::map<std::string, std::int64_t> shared_cases(std::span<const Update> updates);

}  // namespace consilium::fl
