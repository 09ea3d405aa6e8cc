#include "fl/transport/peer_server.h"

#include "base/error.h"
#include "consilium/fl/v1/peer.grpc.pb.h"
#include "fl/federation_settings.h"
#include "fl/transport/channel.h"
#include "fl/transport/listen.h"
#include "fl/transport/status.h"

namespace consilium::fl {
namespace {

class PeersService final : public pb::Peers::Service {
 public:
  PeersService(PeerDesk& desk, Door& door) : desk_(desk), door_(door) {}
  grpc::Status Deliver(grpc::ServerContext* context, const pb::Piece* piece, pb::PieceReceipt* receipt) override {
    try {
      const Caller caller = door_.admit(shown_certificate(*context), Right::kExchange);
      const auto missing = desk_.take(caller.name, *piece);
      if (!missing) return {grpc::StatusCode::RESOURCE_EXHAUSTED, "what came before has not been read yet"};
      for (const std::uint64_t index : *missing) receipt->add_missing(index);
      return grpc::Status::OK;
    } catch (const Error& error) {  // the border: an Error becomes a status
      return to_status(error);
    }
  }

 private:
  PeerDesk& desk_;
  Door& door_;
};

}  // namespace

struct PeerServer::Parts {
  PeersService service;
  std::unique_ptr<grpc::Server> server;
};

PeerServer::PeerServer(const Options& options, PeerDesk& desk, Door& door) : parts_(new Parts{PeersService(desk, door), nullptr}) {
  Listening listening = listen_at(options.listen, server_credentials(options.tls, options.name, Role::kPeer), {&parts_->service}, {"peer", kMostPeerThreads});
  parts_->server = std::move(listening.server);
  address_ = listening.address;
}

PeerServer::~PeerServer() { parts_->server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(2)); }

}  // namespace consilium::fl
