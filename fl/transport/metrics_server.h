#pragma once

#include <functional>
#include <memory>
#include <string>

#include "fl/run_status.h"

namespace consilium::fl {

/// Answers GET /metrics over plain HTTP with a run's figures in Prometheus' text format (names: docs/observing.md).
class MetricsServer {
 public:
  /// `listen` is host:port; port 0 takes a free one. `status` and `now` (seconds since 1970) are called at every request, by a thread of the server.
  /// @throws Error{kUnreachable} it cannot be listened at.
  MetricsServer(const std::string& listen, std::function<RunStatus()> status, std::function<double()> now);
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;

  int port() const;

 private:
  struct Server;
  std::unique_ptr<Server> server_;
};

}  // namespace consilium::fl
