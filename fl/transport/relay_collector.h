#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "fl/transport/peer_desk.h"
#include "fl/transport/relay_client.h"

namespace grpc {
class ClientContext;
}

namespace consilium::fl {

/// Takes from a relay what others have posted for this site, opens it, and lays it on the desk; in a thread of its own, until its scope ends.
class RelayCollector {
 public:
  /// `on_warning` is called from that thread.
  RelayCollector(RelayOptions options, PeerDesk& desk, Door& door, std::function<void(const std::string&)> on_warning);
  ~RelayCollector();
  RelayCollector(const RelayCollector&) = delete;

 private:
  void run();
  void collect(const std::string& address);
  /// Opens a piece and hands it on. False when this collector is to end.
  bool take(std::string_view sealed, const TlsPems& pems);
  void pause(double seconds);

  const RelayOptions options_;
  PeerDesk& desk_;
  Door& door_;
  std::function<void(const std::string&)> on_warning_;
  std::mutex guard_;
  std::condition_variable changed_;
  grpc::ClientContext* context_ = nullptr;  ///< of the open stream
  bool stopping_ = false;
  bool had_contact_ = false;
  std::thread thread_;
};

}  // namespace consilium::fl
