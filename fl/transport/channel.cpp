#include "fl/transport/channel.h"

#include "base/error.h"
#include "fl/tls_check.h"

namespace consilium::fl {

std::shared_ptr<grpc::ServerCredentials> server_credentials(const TlsFiles& files, const std::string& name) {
  const TlsPems pems = read_tls_files(files, Role::kCoordinator, name);
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = pems.authority;
  options.pem_key_cert_pairs.push_back({pems.key, pems.certificate});
  return grpc::SslServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> channel_credentials(const TlsFiles& files, const std::string& name) {
  const TlsPems pems = read_tls_files(files, Role::kSite, name);
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
