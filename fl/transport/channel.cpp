#include "fl/transport/channel.h"

#include "base/error.h"
#include "base/files.h"

namespace consilium::fl {
namespace {

struct Pems {
  std::string authority, certificate, key;
};

Pems read_pems(const TlsFiles& files) {
  constexpr std::uint64_t kLimit = 1 << 20;
  Pems pems{read_file(files.authority, kLimit), read_file(files.certificate, kLimit), read_file(files.key, kLimit)};
  parse_certificate(pems.authority, files.authority.string());
  const CertificateSummary own = parse_certificate(pems.certificate, files.certificate.string());
  require(!own.expired, ErrorCode::kRefused, files.certificate.string() + ": expired on " + own.not_after + "; issue a new one with consilium keys issue");
  require(pems.key.find("PRIVATE KEY") != std::string::npos, ErrorCode::kCorruptData, files.key.string() + ": is no PEM key");
  return pems;
}

}  // namespace

std::shared_ptr<grpc::ServerCredentials> server_credentials(const TlsFiles& files) {
  const Pems pems = read_pems(files);
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = pems.authority;
  options.pem_key_cert_pairs.push_back({pems.key, pems.certificate});
  return grpc::SslServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> channel_credentials(const TlsFiles& files) {
  const Pems pems = read_pems(files);
  return grpc::SslCredentials({pems.authority, pems.key, pems.certificate});
}

std::string certified_site(const grpc::ServerContext& context) {
  const auto certificates = context.auth_context()->FindPropertyValues("x509_pem_cert");
  require(certificates.size() == 1, ErrorCode::kRefused, "the connection shows no certificate");
  const CertificateSummary summary = parse_certificate({certificates[0].data(), certificates[0].size()}, "the caller's certificate");
  require(summary.role == to_string(Role::kSite), ErrorCode::kRefused, "the certificate of \"" + summary.name + "\" is not that of a site");
  return summary.name;
}

}  // namespace consilium::fl
