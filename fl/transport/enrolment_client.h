#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fl/enrol/invitation.h"

namespace consilium::fl {

struct EnrolOptions {
  double give_up_seconds = 60;                          ///< while nobody answers at any of the invitation's addresses
  std::function<void(const std::string&)> on_event{};   ///< a line while it waits
  const std::atomic<bool>* stop = nullptr;
};
/// Makes a key in `folder`, has it certified by the coordinator that the invitation names, and writes the certificate: the site is a member.
/// Called again after it was cut off, it goes on.
/// @throws Error{kRefused} the coordinator's reason; Error{kUnreachable}; Error{kUnsupported} the invitation names no enrolment service;
/// as begin_enrolment and finish_enrolment; Error{kInterrupted}
void enrol_over_tls(const std::filesystem::path& folder, const Invitation& invitation, const EnrolOptions& options = {});

/// Replaces the member's key and certificate by new ones, over mutual TLS with the present ones; the old certificate is revoked when the new
/// one has been used. Called again after it was cut off, it goes on. Returns the new serial.
/// @throws Error{kRefused}, Error{kUnreachable}, as read_tls_files and finish_rotation.
std::string rotate_over_tls(const std::filesystem::path& folder, const std::string& name, const std::string& coordinator);

struct Explanation {
  std::string reason;             ///< empty: the coordinator would admit the certificate
  std::int64_t unix_seconds = 0;  ///< the coordinator's clock
  bool operator==(const Explanation&) const = default;
};
/// Why a coordinator refuses a certificate (PEM); nothing when nobody answers at these addresses.
std::optional<Explanation> ask_why(const std::vector<std::string>& enrolments, const std::string& authority_pem, const std::string& certificate_pem);

/// For an admin, over mutual TLS: the list of refused attempts, and revocation. @throws Error{kRefused}, Error{kUnreachable}, as read_tls_files
Json list_refused(const TlsFiles& files, const std::string& name, const std::string& coordinator);
std::vector<std::string> revoke_over_tls(const TlsFiles& files, const std::string& name, const std::string& coordinator, const std::string& whom, const std::string& reason);

}  // namespace consilium::fl
