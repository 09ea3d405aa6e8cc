#include "fl/transport/channel.h"

#include "base/error.h"

namespace consilium::fl {

namespace {

std::string shown_in(const std::shared_ptr<const grpc::AuthContext>& context) {
  const auto certificates = context ? context->FindPropertyValues("x509_pem_cert") : std::vector<grpc::string_ref>{};
  require(certificates.size() == 1, ErrorCode::kRefused, "the connection shows no certificate");
  return {certificates[0].data(), certificates[0].size()};
}

}  // namespace

std::shared_ptr<grpc::ServerCredentials> server_credentials(const TlsFiles& files, const std::string& name, Role role) {
  const TlsPems pems = read_tls_files(files, role, name);
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = pems.authority;
  options.pem_key_cert_pairs.push_back({pems.key, pems.certificate});
  return grpc::SslServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> channel_credentials(const TlsPems& pems) {
  return grpc::SslCredentials({pems.authority, pems.key, pems.certificate});
}

grpc::ChannelArguments standing_channel_arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return arguments;
}

std::shared_ptr<grpc::Channel> standing_channel(const std::string& address, const TlsPems& pems) {
  grpc::ChannelArguments arguments = standing_channel_arguments();
  arguments.SetMaxReceiveMessageSize(64 << 20);
  return grpc::CreateCustomChannel(address, channel_credentials(pems), arguments);
}

std::shared_ptr<grpc::ServerCredentials> open_server_credentials(const TlsFiles& files, const std::string& name) {
  const TlsPems pems = read_tls_files(files, Role::kCoordinator, name);
  grpc::SslServerCredentialsOptions options(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  options.pem_key_cert_pairs.push_back({pems.key, pems.certificate});
  return grpc::SslServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> open_channel_credentials(const std::string& authority_pem) {
  return grpc::SslCredentials({authority_pem, "", ""});
}

std::string shown_certificate(const grpc::ServerContext& context) { return shown_in(context.auth_context()); }
std::string shown_certificate(const grpc::ClientContext& context) { return shown_in(context.auth_context()); }

}  // namespace consilium::fl
