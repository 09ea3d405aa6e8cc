#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fl/enrol/door.h"
#include "fl/tls_check.h"
#include "fl/transport/peer_route.h"

namespace consilium::fl {

class OpenCalls;

struct RelayOptions {
  std::string own;
  std::vector<std::string> addresses;  ///< host:port; tried in turn
  TlsFiles tls;                        ///< read again at each connection
  std::uint32_t keep_seconds = 3600;   ///< how long the relay keeps what nobody takes
};

/// Posts letters at a relay, sealed for their recipients. Several threads may use it.
class RelayClient {
 public:
  RelayClient(RelayOptions options, Door& door);
  ~RelayClient();
  /// As PeerRoute.
  void close();
  std::vector<std::uint64_t> post(const std::string& to, const Envelope& envelope, const pb::Piece& piece, std::uint32_t index);

 private:
  struct Connection;
  struct KnownCertificate {
    std::string pem;
    std::chrono::steady_clock::time_point read_at;
  };
  std::shared_ptr<Connection> connection();
  void drop(const std::shared_ptr<Connection>& broken);
  std::string certificate_of(Connection& connection, const std::string& name);

  const RelayOptions options_;
  Door& door_;
  std::mutex guard_;
  std::shared_ptr<Connection> connection_;
  std::map<std::string, KnownCertificate> certificates_;
  std::size_t tries_ = 0;
  std::unique_ptr<OpenCalls> calls_;
};

/// The way to one peer by the relay.
class RelayRoute : public PeerRoute {
 public:
  RelayRoute(std::string peer, RelayClient& relay) : peer_(std::move(peer)), relay_(relay) {}
  std::vector<std::uint64_t> hand_over(const Envelope& envelope, const pb::Piece& piece, std::uint32_t index) override { return relay_.post(peer_, envelope, piece, index); }
  void close() override { relay_.close(); }

 private:
  const std::string peer_;
  RelayClient& relay_;
};

}  // namespace consilium::fl
