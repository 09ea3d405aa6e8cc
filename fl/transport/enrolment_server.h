#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "fl/enrol/door.h"
#include "fl/enrol/rate_limit.h"
#include "fl/keys.h"

namespace consilium::fl {

struct EnrolmentOptions {
  std::string listen = "0.0.0.0:7444";  ///< host:port; port 0 takes a free one
  std::string name = "coordinator";     ///< as in the certificate
  std::filesystem::path keys;           ///< ca.key, ca.crt, registry.json, NAME.crt and NAME.key
  RateLimitOptions limit{};
};

/// Serves the Enrolment service (docs/wire_format.md) from construction to destruction, on a port of its own: TLS without a certificate of
/// the caller's, few threads, small messages, a limit on attempts.
class EnrolmentServer {
 public:
  /// @throws Error{kUnreachable} the address cannot be listened at; as read_tls_files.
  EnrolmentServer(const EnrolmentOptions& options, Door& door);
  ~EnrolmentServer();
  EnrolmentServer(const EnrolmentServer&) = delete;

  const std::string& address() const { return address_; }  ///< in use

 private:
  class Service;
  struct Running;
  std::unique_ptr<Running> running_;
  std::string address_;
};

}  // namespace consilium::fl
