#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "fl/enrol/invitation.h"

namespace consilium::fl {

/// Where a member finds its federation: NAME.json beside its key. No secret in it.
struct MemberRecord {
  std::string name;
  Role role = Role::kSite;
  std::vector<std::string> coordinators, enrolments;  ///< host:port
  bool operator==(const MemberRecord&) const = default;
};
Json to_json(const MemberRecord& record);
/// Nothing when `folder` has no NAME.json: its owner was not enrolled by invitation. @throws Error naming the file and the key.
std::optional<MemberRecord> read_member_record(const std::filesystem::path& folder, const std::string& name);

/// Makes NAME.key in `folder` (mode 0600) and returns the request to send. The key of an attempt that was cut off is used again.
/// @throws Error{kCannotWrite} there is a certificate already; Error{kMismatch} the folder's ca.crt is another federation's.
std::string begin_enrolment(const std::filesystem::path& folder, const Invitation& invitation);
/// Checks the certificate that came (authority, name, role, own key) and writes NAME.crt, ca.crt and NAME.json. @throws as require_sound.
void finish_enrolment(const std::filesystem::path& folder, const Invitation& invitation, const std::string& certificate_pem);

/// Makes NAME.next.key and returns the request for it. @throws Error{kNotFound} there is no certificate to renew.
std::string begin_rotation(const std::filesystem::path& folder, const std::string& name);
/// Checks the certificate that came and puts key and certificate in the place of the old ones. @throws as require_sound.
void finish_rotation(const std::filesystem::path& folder, const std::string& name, const std::string& certificate_pem);
/// Ends a rotation that was killed after the new certificate had come: call it before the files are read.
void complete_rotation(const std::filesystem::path& folder, const std::string& name);

}  // namespace consilium::fl
