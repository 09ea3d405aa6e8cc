#include "fl/transport/direct_route.h"

#include "base/error.h"
#include "consilium/fl/v1/peer.grpc.pb.h"
#include "fl/transport/channel.h"
#include "fl/transport/peer_desk.h"
#include "fl/transport/route_calls.h"

namespace consilium::fl {

struct DirectRoute::Connection {
  std::unique_ptr<pb::Peers::Stub> stub;
  std::string certificate;  ///< of the other side
};

DirectRoute::DirectRoute(Options options, const Introductions& introductions, Door& door) : options_(std::move(options)), introductions_(introductions), door_(door), calls_(std::make_unique<OpenCalls>()) {}
DirectRoute::~DirectRoute() = default;
void DirectRoute::close() { calls_->close(); }

std::shared_ptr<DirectRoute::Connection> DirectRoute::connection() {
  const std::lock_guard lock(guard_);
  if (connection_) return connection_;
  const std::string whom = "\"" + options_.peer + "\" at " + options_.address;
  grpc::ChannelArguments arguments = peer_channel_arguments();
  arguments.SetSslTargetNameOverride(peer_host(options_.peer));
  const auto channel = grpc::CreateCustomChannel(options_.address, channel_credentials(read_peer_files(options_.tls, options_.own)), arguments);
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(kDialSeconds))) throw RouteBroken{whom + ": no connection"};
  auto connection = std::make_shared<Connection>(Connection{pb::Peers::NewStub(channel), ""});
  OpenCalls::Call call(*calls_, kPieceSeconds);
  pb::PieceReceipt receipt;
  require_ok(connection->stub->Deliver(&call.context, hello_piece(introductions_, options_.peer), &receipt), whom);
  connection->certificate = shown_certificate(call.context);
  // The handshake compares names without regard to case.
  require(parse_certificate(connection->certificate, whom).name == options_.peer, ErrorCode::kRefused, whom + ": another member answers there");
  return connection_ = connection;
}

void DirectRoute::drop(const std::shared_ptr<Connection>& broken) {
  const std::lock_guard lock(guard_);
  if (connection_ == broken) connection_.reset();
}

std::vector<std::uint64_t> DirectRoute::hand_over(const Envelope&, const pb::Piece& piece, std::uint32_t index) {
  const std::shared_ptr<Connection> connection = this->connection();
  if (index == 0) {
    const std::string objection = door_.objection(connection->certificate, Right::kExchange);
    if (!objection.empty()) drop(connection);
    require(objection.empty(), ErrorCode::kRefused, "\"" + options_.peer + "\" is told nothing any more: " + objection);
  }
  OpenCalls::Call call(*calls_, kPieceSeconds);
  pb::PieceReceipt receipt;
  const grpc::Status status = connection->stub->Deliver(&call.context, piece, &receipt);
  const bool is_full = status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED;
  if (!status.ok() && !is_full) drop(connection);
  require_ok(status, "\"" + options_.peer + "\"");
  return {receipt.missing().begin(), receipt.missing().end()};
}

}  // namespace consilium::fl
