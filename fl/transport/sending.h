#pragma once

// Only for .cpp files of fl/transport: it pulls in gRPC.
#include <string>

#include "consilium/fl/v1/federation.grpc.pb.h"
#include "fl/receipt.h"
#include "fl/stage.h"
#include "fl/update.h"
#include "fl/wire/chunk_file.h"
#include "fl/wire/messages.h"

namespace consilium::fl {

// What a site sends to its coordinator: of a file only the chunks that are not there yet. All throw Broken or Refused.

/// `delta`: the weights, as `codec` wrote them.
Receipt send(pb::Federation::Stub& stub, const Update& update, const FileChunks& delta, Codec codec);
/// An answer to a stage, and its file if it has one.
Receipt send(pb::Federation::Stub& stub, const StageAnswer& answer);

/// Tells the coordinator why this site takes no part, if it can be told, and ends. @throws Error{kRefused}
[[noreturn]] void decline(pb::Federation::Stub& stub, std::int64_t round, const std::string& reason);

}  // namespace consilium::fl
