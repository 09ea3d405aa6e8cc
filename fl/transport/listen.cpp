#include "fl/transport/listen.h"

#include "base/error.h"
#include "fl/federation_settings.h"

namespace consilium::fl {
namespace {

constexpr std::size_t kBufferBytes = 24 << 20;

}  // namespace

Listening start_at(grpc::ServerBuilder& builder, const std::string& listen, const std::shared_ptr<grpc::ServerCredentials>& credentials) {
  int port = 0;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort(listen, credentials, &port);
  Listening listening{builder.BuildAndStart(), host_of(listen) + ":" + std::to_string(port)};
  require(listening.server != nullptr && port > 0, ErrorCode::kUnreachable, "cannot listen at " + listen + ": is the port in use, or the address not of this machine?");
  return listening;
}

Listening listen_at(const std::string& listen, const std::shared_ptr<grpc::ServerCredentials>& credentials, const std::vector<grpc::Service*>& services, const ListenLimits& limits) {
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 20000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000);
  builder.SetMaxReceiveMessageSize(8 << 20);
  grpc::ResourceQuota quota(limits.name);
  quota.Resize(kBufferBytes);
  if (limits.most_threads > 0) quota.SetMaxThreads(limits.most_threads);
  builder.SetResourceQuota(quota);
  for (grpc::Service* service : services) builder.RegisterService(service);
  return start_at(builder, listen, credentials);
}

}  // namespace consilium::fl
