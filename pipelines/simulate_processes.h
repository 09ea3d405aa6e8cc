#pragma once

#include "pipelines/simulate.h"

namespace consilium::pipelines {

/// The coordinator and every site as a process of its own that speaks gRPC over mutual TLS on this machine; certificates are made in FOLDER/keys.
/// A process that dies is started again (its number is in FOLDER/<name>.pid, its log in FOLDER/<name>.log).
/// @throws Error{kUnexpected} a process failed five times, with the last lines of its log.
fl::FinishedRun federate_in_processes(const FederationRequest& request);

}  // namespace consilium::pipelines
