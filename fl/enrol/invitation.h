#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/settings.h"
#include "fl/keys.h"

namespace consilium::fl {

/// What a hospital is handed, by a way that nobody else can read: one file (docs/formats.md).
struct Invitation {
  std::string name{};
  Role role = Role::kSite;
  std::string token{};                      ///< fl/enrol/token.h
  std::string authority_pem{};              ///< ca.crt: the site trusts nothing else
  std::vector<std::string> coordinators{};  ///< host:port
  std::vector<std::string> enrolments{};    ///< host:port of the enrolment service
  std::int64_t expires = 0;               ///< seconds since 1970
  bool operator==(const Invitation&) const = default;
};

/// @throws Error naming `origin` and the key.
Invitation parse_invitation(const Json& json, const std::string& origin);
Json to_json(const Invitation& invitation);
/// At most 64 KiB. @throws Error{kNotFound}, as parse_invitation.
Invitation read_invitation(const std::filesystem::path& file);

}  // namespace consilium::fl
