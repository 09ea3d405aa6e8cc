#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "fl/keys.h"
#include "fl/peers/mailbox.h"

namespace consilium::fl {

struct RelayServerOptions {
  std::string listen = "0.0.0.0:7443";  ///< host:port; port 0 takes a free one
  std::string name = "relay";           ///< as in the certificate, whose role is coordinator
  TlsFiles tls;                         ///< in the folder of ca.crt lies also the revocation list
  std::filesystem::path folder;         ///< letters on their way, certificates; the address in use is written to folder/address
  std::vector<std::string> sites;       ///< who may use it
  std::uint64_t quota_bytes = 4ULL << 30;   ///< of the disk, for each sender
  std::uint32_t keep_seconds = 7 * 86400;   ///< longer than this nothing is kept
};

/// Stores and forwards between sites that cannot reach each other, until `stop` is set by another thread. Started again on the same folder, it has what it had.
/// @throws Error{kUnreachable} the address cannot be listened at; as read_tls_files.
void run_relay(const RelayServerOptions& options, const std::atomic<bool>* stop);

}  // namespace consilium::fl
