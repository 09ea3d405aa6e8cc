#pragma once

// Only for .cpp files of fl/transport: it pulls in gRPC.
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "base/error.h"
#include "fl/keys.h"
#include "fl/tls_check.h"

namespace consilium::fl {

/// Mutual TLS: the other side shows a certificate of our authority, or there is no connection. `name` is the owner of the files.
/// @throws as read_tls_files.
std::shared_ptr<grpc::ServerCredentials> server_credentials(const TlsFiles& files, const std::string& name, Role role = Role::kCoordinator);
std::shared_ptr<grpc::ChannelCredentials> channel_credentials(const TlsPems& pems);

/// Of a connection that stays open: keepalive also between calls, and none shared with another that shows another certificate.
grpc::ChannelArguments standing_channel_arguments();
/// To a coordinator, for messages of up to 64 MiB.
std::shared_ptr<grpc::Channel> standing_channel(const std::string& address, const TlsPems& pems);

/// TLS in which only the coordinator shows a certificate: for those who have none yet.
std::shared_ptr<grpc::ServerCredentials> open_server_credentials(const TlsFiles& files, const std::string& name);
std::shared_ptr<grpc::ChannelCredentials> open_channel_credentials(const std::string& authority_pem);

/// Key of the initial metadata in which a coordinator says what its clock says, in seconds since 1970.
inline constexpr const char* kClockKey = "consilium-unix-seconds";

/// The certificate (PEM) of who called. @throws Error{kRefused} there is none.
std::string shown_certificate(const grpc::ServerContext& context);
/// The certificate (PEM) of who answered. @throws Error{kRefused} there is none.
std::string shown_certificate(const grpc::ClientContext& context);

}  // namespace consilium::fl
