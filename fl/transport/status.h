#pragma once

// Only for .cpp files of fl/transport: it pulls in gRPC.
#include <grpcpp/grpcpp.h>

#include "base/error.h"
#include "fl/enrol/door.h"
#include "fl/transport/channel.h"

namespace consilium::fl {

/// The border of the coordinator: an Error becomes a status (docs/wire_format.md).
grpc::Status to_status(const Error& error);

/// `body` is given the caller, if the door admits it for `right`; what it throws becomes the status of the call.
template <typename Body>
grpc::Status admitted(Door& door, const grpc::ServerContext& context, Right right, Body body) {
  try {
    body(door.admit(shown_certificate(context), right));
    return grpc::Status::OK;
  } catch (const Error& error) {
    return to_status(error);
  }
}

}  // namespace consilium::fl
