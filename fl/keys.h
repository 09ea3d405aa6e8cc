#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fl/wall_clock.h"

namespace consilium::fl {

/// What the owner of a certificate may do (docs/threat_model.md): serve; train and watch; watch only; administer and watch; train without a coordinator, and
/// be dialled by other members.
enum class Role { kCoordinator, kSite, kObserver, kAdmin, kPeer };
std::string_view to_string(Role role);  ///< "coordinator", "site", "observer", "admin", "peer"
std::optional<Role> role_of(std::string_view word);
/// @throws Error{kUsage} naming `where` and the known words.
Role parse_role(const std::string& word, const std::string& where);

/// Where the three files of one party lie.
struct TlsFiles {
  std::filesystem::path authority;    ///< ca.crt: the certificate of the federation's authority
  std::filesystem::path certificate;  ///< NAME.crt
  std::filesystem::path key;          ///< NAME.key, readable by its owner only
};
TlsFiles tls_files(const std::filesystem::path& folder, const std::string& name);

/// The only host name in a peer's certificate. Whoever dials a peer asks for this name, whatever its address: so the other end is that member. As .invalid is
/// nobody's domain (RFC 2606), a peer cannot pose as a coordinator, who is asked for by his address.
std::string peer_host(const std::string& name);

/// @throws Error{kUsage} unless `name` can stand in a certificate and in a file's name: up to 64 letters, digits, '_', '-', '.'; not "ca".
void require_member_name(const std::string& name);

struct AuthorityOptions {
  std::string federation = "consilium federation";  ///< the authority's common name
  int valid_days = 3650;
};
/// Makes ca.key (P-256, mode 0600) and ca.crt in `folder`. @throws Error{kCannotWrite} an authority is there already.
void init_authority(const std::filesystem::path& folder, const AuthorityOptions& options = {});

struct CertificateOptions {
  Role role = Role::kSite;
  std::vector<std::string> hosts{};  ///< DNS names and IP addresses at which a coordinator is reached
  int valid_days = 825;              ///< at most as long as the authority's own certificate
  WallClock clock = wall_seconds;    ///< valid from an hour before
};
/// Makes NAME.key and NAME.crt, signed by the authority in `folder`, and enters it into the registry there. For keys that are made where the
/// authority is; a site that makes its own key enrols (fl/enrol/enrolment.h).
/// @throws Error{kUsage} a name that is no site name, or a coordinator without host; Error{kNotFound} no authority in `folder`;
/// Error{kCannotWrite} the name has a certificate already.
void issue_certificate(const std::filesystem::path& folder, const std::string& name, const CertificateOptions& options = {});

/// What a certificate says of its owner.
struct CertificateSummary {
  std::string name;
  std::string role;              ///< as to_string(Role), or empty for an authority
  std::string serial;            ///< hexadecimal
  std::int64_t not_before = 0;   ///< seconds since 1970
  std::int64_t not_after = 0;
  std::string fingerprint;       ///< SHA-256 of the certificate, hexadecimal
  std::string key_fingerprint;   ///< SHA-256 of its public key
};
/// @throws Error{kCorruptData} naming `origin`.
CertificateSummary parse_certificate(std::string_view pem, const std::string& origin);
/// Every *.crt in `folder`, by file name. @throws Error{kNotFound}
std::vector<CertificateSummary> list_certificates(const std::filesystem::path& folder);

/// Writes a file that nobody but its owner can read, from its first byte on. @throws Error{kCannotWrite}
void write_secret_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace consilium::fl
