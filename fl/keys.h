#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace consilium::fl {

enum class Role { kCoordinator, kSite };
std::string_view to_string(Role role);  ///< "coordinator", "site"

/// Where the three files of one party lie.
struct TlsFiles {
  std::filesystem::path authority;    ///< ca.crt: the certificate of the federation's authority
  std::filesystem::path certificate;  ///< NAME.crt
  std::filesystem::path key;          ///< NAME.key, readable by its owner only
};
TlsFiles tls_files(const std::filesystem::path& folder, const std::string& name);

struct AuthorityOptions {
  std::string federation = "consilium federation";  ///< the authority's common name
  int valid_days = 3650;
};
/// Makes ca.key (P-256, mode 0600) and ca.crt in `folder`. @throws Error{kCannotWrite} an authority is there already.
void init_authority(const std::filesystem::path& folder, const AuthorityOptions& options = {});

struct CertificateOptions {
  Role role = Role::kSite;
  std::vector<std::string> hosts;  ///< DNS names and IP addresses at which a coordinator is reached
  int valid_days = 825;
};
/// Makes NAME.key and NAME.crt, signed by the authority in `folder`. The role stands in the certificate's organisational unit and in its
/// extended key usage, so that no site can pose as the coordinator.
/// @throws Error{kUsage} a name that is no site name, or a coordinator without host; Error{kNotFound} no authority in `folder`;
/// Error{kCannotWrite} the name has a certificate already.
void issue_certificate(const std::filesystem::path& folder, const std::string& name, const CertificateOptions& options = {});

/// What a certificate says of its owner.
struct CertificateSummary {
  std::string name;
  std::string role;         ///< "coordinator", "site", or empty for an authority
  std::string not_after;    ///< ISO 8601
  std::string fingerprint;  ///< SHA-256, hexadecimal
  bool expired = false;
};
/// @throws Error{kCorruptData} naming `origin`.
CertificateSummary parse_certificate(std::string_view pem, const std::string& origin);
/// Every *.crt in `folder`, by file name. @throws Error{kNotFound}
std::vector<CertificateSummary> list_certificates(const std::filesystem::path& folder);

}  // namespace consilium::fl
