#pragma once

// Only for .cpp files of fl/transport: it pulls in gRPC.
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

namespace consilium::fl {

struct Listening {
  std::unique_ptr<grpc::Server> server;
  std::string address;  ///< host:port in use
};

/// Serves over mutual TLS, with messages of at most 8 MiB and bounded buffers over all connections. @throws Error{kUnreachable}
Listening listen_at(const std::string& listen, const std::shared_ptr<grpc::ServerCredentials>& credentials, const std::vector<grpc::Service*>& services, const std::string& quota_name);

}  // namespace consilium::fl
