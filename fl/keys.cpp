#include "fl/keys.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "fl/authority.h"
#include "fl/enrol/registry.h"
#include "fl/x509.h"

namespace consilium::fl {
namespace {

constexpr std::pair<Role, std::string_view> kRoles[] = {
    {Role::kCoordinator, "coordinator"}, {Role::kSite, "site"}, {Role::kObserver, "observer"}, {Role::kAdmin, "admin"}, {Role::kPeer, "peer"}};

}  // namespace

std::string_view to_string(Role role) {
  return std::find_if(std::begin(kRoles), std::end(kRoles), [&](const auto& entry) { return entry.first == role; })->second;
}

std::optional<Role> role_of(std::string_view word) {
  for (const auto& [role, name] : kRoles)
    if (name == word) return role;
  return std::nullopt;
}

Role parse_role(const std::string& word, const std::string& where) {
  if (const auto role = role_of(word)) return *role;
  throw Error(ErrorCode::kUsage, where + ": expected coordinator, site, observer, admin or peer, found \"" + word.substr(0, 64) + "\"");
}

TlsFiles tls_files(const fs::path& folder, const std::string& name) { return {folder / "ca.crt", folder / (name + ".crt"), folder / (name + ".key")}; }

std::string peer_host(const std::string& name) { return name + ".peer.consilium.invalid"; }

void require_member_name(const std::string& name) {
  const auto plain = [](unsigned char c) { return (c < 128 && std::isalnum(c) != 0) || c == '_' || c == '-' || c == '.'; };
  require(!name.empty() && name.size() <= 64 && name != "ca" && name[0] != '.' && std::all_of(name.begin(), name.end(), plain), ErrorCode::kUsage,
          "\"" + name.substr(0, 80) + "\" is no name for a certificate: up to 64 letters, digits, '_', '-' and '.', and not \"ca\"");
}

void init_authority(const fs::path& folder, const AuthorityOptions& options) {
  require(!fs::exists(folder / "ca.key") && !fs::exists(folder / "ca.crt"), ErrorCode::kCannotWrite, folder.string() + ": holds an authority already; its sites trust it, so it is not replaced");
  make_authority(folder, options);
}

void issue_certificate(const fs::path& folder, const std::string& name, const CertificateOptions& options) {
  require_member_name(name);
  require(options.role != Role::kCoordinator || !options.hosts.empty(), ErrorCode::kUsage, "a coordinator's certificate names the hosts at which it is reached");
  const Authority authority(folder);
  const TlsFiles files = tls_files(folder, name);
  require(!fs::exists(files.certificate) && !fs::exists(files.key), ErrorCode::kCannotWrite, files.certificate.string() + ": \"" + name + "\" has a certificate already");
  const Key key = make_p256_key();
  const std::string pem = authority.certify(public_key_der(key.get()), name, options);
  edit_registry(folder, [&](Registry& registry) {
    require_place(registry, name, options.role, "", options.clock());
    Member& member = registry.member(name, options.role);
    require(!member.current(options.clock()), ErrorCode::kCannotWrite, folder.string() + ": \"" + name + "\" has a certificate already; revoke it first, or rotate it");
    member.role = options.role;
    member.hosts = options.hosts;
    member.invitation.reset();  // what it was for has been done
    member.certificates.push_back(issued_certificate(pem));
    write_secret_file(files.key, to_pem(key.get()));
    write_file(files.certificate, pem);
  });
}

CertificateSummary parse_certificate(std::string_view pem, const std::string& origin) {
  const Certificate certificate = parse_x509(pem, origin);
  const X509_NAME* subject = X509_get_subject_name(certificate.get());
  CertificateSummary summary;
  summary.name = subject_field(subject, NID_commonName);
  summary.role = subject_field(subject, NID_organizationalUnitName);
  summary.serial = serial_of(X509_get0_serialNumber(certificate.get()));
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  require_ssl(X509_digest(certificate.get(), EVP_sha256(), hash, &size) == 1, "computing a fingerprint");
  summary.fingerprint = to_hexadecimal({reinterpret_cast<const char*>(hash), size});
  const Key key(X509_get_pubkey(certificate.get()));
  require(key != nullptr, ErrorCode::kCorruptData, origin + ": its public key cannot be read");
  summary.key_fingerprint = sha256_hex(public_key_der(key.get()));
  summary.not_before = seconds_of(X509_get0_notBefore(certificate.get()));
  summary.not_after = seconds_of(X509_get0_notAfter(certificate.get()));
  return summary;
}

std::vector<CertificateSummary> list_certificates(const fs::path& folder) {
  require(fs::is_directory(folder), ErrorCode::kNotFound, folder.string() + ": no such folder");
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".crt" && entry.path().filename().string()[0] != '.') files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<CertificateSummary> summaries;
  for (const fs::path& file : files) summaries.push_back(parse_certificate(read_file(file, kMostPemBytes), file.string()));
  return summaries;
}

void write_secret_file(const fs::path& path, std::string_view bytes) {
  if (path.has_parent_path()) make_folder(path.parent_path());
  struct Restore {
    mode_t before = umask(0077);  // whoever opens it by its temporary name finds it closed too
    ~Restore() { umask(before); }
  } restore;
  write_file(path, bytes);
}

}  // namespace consilium::fl
