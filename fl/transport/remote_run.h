#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "fl/keys.h"
#include "fl/run_status.h"

namespace consilium::fl {

struct RemoteRunOptions {
  std::string coordinator;        ///< host:port; several, with commas between: they are tried in turn
  std::string name;               ///< of the observer or administrator
  TlsFiles tls;
  double redraw_seconds = 2;      ///< between two calls without news: ages grow
  double give_up_seconds = 60;    ///< without a coordinator
};

/// Called when something happened, with what happened since the last call, and now and then without news.
using OnRunNews = std::function<void(const RunStatus& status, const std::vector<Event>& fresh)>;

/// Follows a run over the network until it has ended: what the coordinator's events amount to. After a connection that broke, nothing is told twice.
/// @throws Error{kRefused} the certificate is that of no observer or administrator, or is not accepted; Error{kUnreachable}; as read_tls_files; Error{kInterrupted} `stop` was set by another thread.
void follow_run(const RemoteRunOptions& options, const OnRunNews& on_news, const std::atomic<bool>* stop);

}  // namespace consilium::fl
