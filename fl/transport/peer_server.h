#pragma once

#include <memory>
#include <string>

#include "fl/enrol/door.h"
#include "fl/keys.h"
#include "fl/transport/peer_desk.h"

namespace consilium::fl {

/// Where other peers deliver their letters; it ends with its scope.
class PeerServer {
 public:
  struct Options {
    std::string listen;  ///< host:port; port 0 takes a free one
    std::string name;    ///< as in the certificate, whose role is peer
    TlsFiles tls;
  };
  /// @throws Error{kUnreachable} the address cannot be listened at; as read_tls_files.
  PeerServer(const Options& options, PeerDesk& desk, Door& door);
  ~PeerServer();
  const std::string& address() const { return address_; }

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
  std::string address_;
};

}  // namespace consilium::fl
