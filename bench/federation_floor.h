#pragma once

#include <filesystem>
#include <string_view>

namespace consilium::bench {

/// What a floor does beside moving bytes.
struct FloorOptions {
  std::filesystem::path keys{};  ///< of "hub" and "site_0", ...: mutual TLS; empty: none
  bool hashes = false;           ///< SHA-256 of every piece where it is sent, once a model, and where it comes in
  bool keeps = false;            ///< what comes in is written to a file, at either end
};

/// Seconds of one round of plain gRPC: `sites` connections of this process fetch `bytes` in pieces of 1 MiB, send as many back, and the receiver
/// adds every float into one array. Without options nothing is hashed, checked, kept or written: what the library alone costs.
double grpc_floor_seconds(std::string_view bytes, int sites, const FloorOptions& options = {});

}  // namespace consilium::bench
