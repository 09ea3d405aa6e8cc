#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "fl/keys.h"
#include "fl/peers/peer.h"
#include "fl/trainer.h"

namespace consilium::fl {

struct PeerSiteOptions {
  std::string name;                              ///< as in the certificate; its role is peer, or site for one that is not dialled
  TlsFiles tls;                                  ///< in the folder of ca.crt a revocation list is looked for
  std::filesystem::path folder;                  ///< peer/ (PeerStore), inbox/; the address in use is written to folder/address
  std::string listen{};                          ///< host:port at which others deliver; empty: this site only dials out
  std::map<std::string, std::string> addresses{};  ///< name of another peer -> host:port; who has none is reached by the relay
  std::vector<std::string> relays{};             ///< host:port; tried in turn
  std::string run{};                             ///< tells this federation from another with the same settings and members
  double gather_seconds = 600;                   ///< at the beginning: how long the others are waited for
  double linger_seconds = 60;                    ///< at the end: how long others are helped to their end
};

/// Takes part in a federation without coordinator until its end, over gRPC and mutual TLS (docs/wire_format.md). Killed and started again on the same folder, it goes on
/// with what it had: at most the training of the open round is repeated. `on_event` gets a line per step.
/// @throws Error{kMismatch} more than half of the others have other settings, naming one and what differs; Error{kRefused} they do not let this site in;
/// Error{kUnreachable} nobody else was there; as PeerStore, PeerServer and read_tls_files; Error of the trainer; Error{kInterrupted} `stop` was set by another thread.
PeerRecord run_peer(const PeerSiteOptions& options, const PeerSettings& settings, const ModelState& initial, Trainer& trainer, const std::function<void(const std::string&)>& on_event = {},
                    const std::atomic<bool>* stop = nullptr);

}  // namespace consilium::fl
