#pragma once

// Only for .cpp files of fl/transport: it pulls in gRPC.
#include <filesystem>
#include <string>

#include "consilium/fl/v1/federation.grpc.pb.h"
#include "fl/wire/messages.h"

namespace consilium::fl {

/// What a site fetches from the coordinator, through files that survive a broken connection and a kill: only what is missing is fetched again.
class Downloads {
 public:
  explicit Downloads(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// The announced model. @throws Broken or Refused; Error{kCorruptData} it does not have the announced digest.
  ModelState fetch(pb::Federation::Stub& stub, const Announced& a);
  /// The file of a stage; empty: it has none.
  std::filesystem::path fetch_stage_file(pb::Federation::Stub& stub, const Announced& a);
  /// Of the kind of `needed`; of models when nothing is.
  void remove_others(const std::filesystem::path& needed = {}) const;

 private:
  void complete(pb::Federation::Stub& stub, const std::string& name, const ChunkList& list, const std::filesystem::path& file);

  std::filesystem::path folder_;
};

/// Tells the coordinator, which waits for it, that the best model is on this site's disk. If it has gone already, nothing is lost.
void confirm(pb::Federation::Stub& stub, const Announced& a);

}  // namespace consilium::fl
