#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "fl/enrol/door.h"
#include "fl/keys.h"
#include "fl/peers/introductions.h"
#include "fl/transport/peer_route.h"

namespace consilium::fl {

class OpenCalls;

/// A connection to a peer that can be dialled. It begins with a hello, so that nothing else is said to somebody who is not that member any more, or whose
/// settings are others. Several threads may use it.
class DirectRoute : public PeerRoute {
 public:
  struct Options {
    std::string own, peer;
    std::string address;  ///< host:port
    TlsFiles tls;         ///< read again at each connection
  };
  DirectRoute(Options options, const Introductions& introductions, Door& door);
  ~DirectRoute() override;
  std::vector<std::uint64_t> hand_over(const Envelope& envelope, const pb::Piece& piece, std::uint32_t index) override;
  void close() override;

 private:
  struct Connection;
  std::shared_ptr<Connection> connection();
  void drop(const std::shared_ptr<Connection>& broken);

  const Options options_;
  const Introductions& introductions_;
  Door& door_;
  std::mutex guard_;
  std::shared_ptr<Connection> connection_;
  std::unique_ptr<OpenCalls> calls_;
};

}  // namespace consilium::fl
