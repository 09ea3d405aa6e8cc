#pragma once

// Only for .cpp files of fl/transport: it pulls in gRPC.
#include <grpcpp/grpcpp.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "fl/enrol/door.h"

namespace consilium::fl {

/// What the federation's own port serves beside rounds, over mutual TLS: Renewal, and Administration for the role admin
/// (docs/wire_format.md). `keys` is the authority's folder; `door` outlives them.
std::vector<std::unique_ptr<grpc::Service>> member_services(const std::filesystem::path& keys, Door& door);

}  // namespace consilium::fl
