#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "fl/round.h"
#include "fl/update.h"
#include "fl/wire/chunk_file.h"

namespace consilium::fl {

/// The last finished update, so that a killed site sends it and does not compute it again.
class UpdateFile {
 public:
  explicit UpdateFile(const std::filesystem::path& folder) : offer_(folder / "update.offer"), plain_(folder / "update.safetensors"), compressed_(folder / "update.delta") {}

  /// An update without its weights, and the file of those, hashed once.
  struct Prepared {
    Update update;
    Codec codec = Codec::kNone;
    FileChunks delta;
  };

  /// That of this round and model, if it is there whole.
  std::optional<Prepared> load(const RoundPlan& plan) const;
  const std::filesystem::path& weights() const { return plain_; }
  /// `compressed`: the weights as the plan's codec wrote them, if it did.
  Prepared save(Update update, const RoundPlan& plan, const std::optional<std::string>& compressed) const;

 private:
  const std::filesystem::path& file_of(Codec codec) const { return codec == Codec::kNone ? plain_ : compressed_; }
  std::filesystem::path offer_, plain_, compressed_;
};

}  // namespace consilium::fl
