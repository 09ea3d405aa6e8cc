#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "fl/coordinator.h"
#include "fl/run_store.h"
#include "fl/wire/chunk_file.h"
#include "fl/wire/messages.h"

namespace consilium::fl {

/// A file as it travels, open, so that a site that is fetching it can go on after the round has moved on.
struct Parcel {
  std::string digest;
  FileChunks chunks;
};

/// What a coordinator offers its sites at present: the plan, the model, and the files of a protocol's stages. Not for several threads.
class Offers {
 public:
  /// After a round was closed, or at the beginning.
  void renew(const Coordinator& coordinator, const RunStore& store);
  /// The stages of a protocol change within a round.
  void renew_stage(const Coordinator& coordinator);
  bool has_new_stage(const Coordinator& coordinator) const { return stage_version_ != coordinator.stage_version(); }

  /// Counts up with every change.
  std::uint64_t version() const { return version_; }
  const Announced& announced() const { return announced_; }
  /// As that site is to hear it.
  Announced announced_to(const std::string& site, const Coordinator& coordinator) const;
  /// The model or the stage's file of that digest. @throws Error{kNotFound}
  std::shared_ptr<const Parcel> parcel(const std::string& digest) const;
  std::uint64_t model_bytes() const { return model_->chunks.list.size_bytes; }

 private:
  Announced announced_;
  std::shared_ptr<const Parcel> model_, stage_file_;
  std::uint64_t version_ = 0, stage_version_ = 0;
};

}  // namespace consilium::fl
