#pragma once

#include <string_view>

namespace consilium::bench {

/// Seconds of one round of plain gRPC: `sites` connections of this process without TLS fetch `bytes` in pieces of 1 MiB, send as many back, and the receiver
/// adds every float into one array. Nothing is hashed, checked, kept or written: what the library alone costs.
double grpc_floor_seconds(std::string_view bytes, int sites);

}  // namespace consilium::bench
