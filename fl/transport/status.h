#pragma once

// Only for .cpp files of fl/transport: it pulls in gRPC.
#include <grpcpp/grpcpp.h>

#include "base/error.h"

namespace consilium::fl {

/// The border of the coordinator: an Error becomes a status (docs/wire_format.md).
grpc::Status to_status(const Error& error);

}  // namespace consilium::fl
