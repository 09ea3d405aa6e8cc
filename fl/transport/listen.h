#pragma once

// Only for .cpp files of fl/transport: it pulls in gRPC.
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

namespace consilium::fl {

/// For those who serve as many peers as a federation has.
inline constexpr int kMostPeerThreads = 1024;

struct Listening {
  std::unique_ptr<grpc::Server> server;
  std::string address;  ///< host:port in use
};

/// Starts what was built at host:port; port 0 takes a free one. A port that another process serves is not shared with it: two coordinators would divide their sites. @throws Error{kUnreachable}
Listening start_at(grpc::ServerBuilder& builder, const std::string& listen, const std::shared_ptr<grpc::ServerCredentials>& credentials);

struct ListenLimits {
  std::string name;      ///< of the quota
  int most_threads = 0;  ///< each open call takes one; 0: no limit
};
/// Serves members, whose connections stay open: keepalive, messages of at most 8 MiB, and bounded buffers over all connections, which with fifty sites would else outweigh a model.
/// @throws as start_at.
Listening listen_at(const std::string& listen, const std::shared_ptr<grpc::ServerCredentials>& credentials, const std::vector<grpc::Service*>& services, const ListenLimits& limits);

}  // namespace consilium::fl
