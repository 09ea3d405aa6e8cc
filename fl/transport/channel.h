#pragma once

// Only for .cpp files of fl/transport: it pulls in gRPC.
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "fl/keys.h"

namespace consilium::fl {

/// Mutual TLS: the other side shows a certificate of our authority, or there is no connection. `name` is the owner of the files.
/// @throws as read_tls_files.
std::shared_ptr<grpc::ServerCredentials> server_credentials(const TlsFiles& files, const std::string& name);
std::shared_ptr<grpc::ChannelCredentials> channel_credentials(const TlsFiles& files, const std::string& name);

/// The name in the certificate of who called. @throws Error{kRefused} no certificate, or not that of a site.
std::string certified_site(const grpc::ServerContext& context);

}  // namespace consilium::fl
