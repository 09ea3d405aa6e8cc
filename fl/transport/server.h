#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>

#include "fl/coordinator.h"
#include "fl/keys.h"

namespace consilium::fl {

struct CoordinatorOptions {
  std::string listen = "0.0.0.0:7443";  ///< host:port; port 0 takes a free one
  std::string name = "coordinator";     ///< as in the certificate
  TlsFiles tls;                         ///< in the authority's folder lie also its revocation list and its registry
  std::filesystem::path folder;         ///< run store; the address in use is written to folder/address, refused attempts to folder/refused.json
  double linger_seconds = 60;           ///< at the end: sites without the best model are waited for as long as one of them is connected, and so long after
  std::string enrolment{};              ///< host:port of the enrolment service, empty for none; in use: folder/enrolment_address
  std::string metrics_listen{};         ///< host:port of Prometheus' metrics over plain HTTP; empty: none. The port in use is written to folder/metrics_address
};

/// Runs a federation to its end over gRPC and mutual TLS (docs/wire_format.md). Started again on the same folder, it goes on after the last
/// closed round. `stop`, when set by another thread, ends it early and in order.
/// @throws Error{kUnreachable} the address cannot be listened at; as RunStore and read_tls_files.
RunState run_coordinator(const CoordinatorOptions& options, const FederationSettings& settings, ModelState initial, const std::function<void(const RoundReport&)>& on_round = {},
                         const std::atomic<bool>* stop = nullptr);

}  // namespace consilium::fl
