#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "fl/update.h"
#include "fl/wire/chunk_file.h"
#include "fl/wire/messages.h"

namespace consilium::fl {

/// One site's update on its way to the coordinator's disk.
class Upload {
 public:
  Upload(std::filesystem::path path, Offer offer);
  /// The same weights again, by a site that has been away: what came stays.
  bool continues(const Offer& offer) const { return update_.round == offer.update.round && codec_ == offer.codec && chunks_.list() == offer.delta; }
  std::vector<std::uint64_t> missing() const;
  std::uint64_t size_bytes() const { return chunks_.list().size_bytes; }
  /// @throws as ChunkFile::add.
  void add(const pb::Chunk& chunk);
  /// The update, with its weights on disk; a compressed one is decoded, tensor by tensor, into a file without a name. `agreed`: the plan's codec.
  /// @throws Error{kMismatch} chunks are missing, or another codec than the plan's; and as SafetensorsFile and DeltaDecoder.
  Update finished(Codec agreed, const ModelState& global) const;
  /// Is this the file, and all of it here?
  bool is_whole(const ChunkList& list) const;
  /// As the site offered it: without weights.
  const Update& offered() const { return update_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  mutable std::mutex guard_;  ///< two connections of one site
  std::filesystem::path path_;
  Update update_;
  Codec codec_;
  ChunkFile chunks_;
};

/// The updates that are coming in, one file per site in FOLDER: SITE.part until the coordinator accepts it, then SITE.accepted until its round is closed.
/// A coordinator that starts again finds the parts, and asks only for what is missing.
///
/// Calls for one site must not overlap, except through the Upload itself.
class Uploads {
 public:
  /// @throws Error{kCannotWrite}
  explicit Uploads(std::filesystem::path folder);
  std::shared_ptr<Upload> offer(const std::string& site, Offer offer);
  /// @throws Error{kMismatch} the site has offered nothing.
  std::shared_ptr<Upload> find(const std::string& site) const;
  /// The coordinator has taken it: the file is kept, and not written to any more.
  void accept(const std::string& site);
  /// As accept(); the file's name from then on, until the round is over.
  std::filesystem::path keep(const std::string& site);
  /// It is not wanted.
  void drop(const std::string& site);
  /// The round is over.
  void clear();

 private:
  std::filesystem::path folder_;
  std::map<std::string, std::shared_ptr<Upload>> open_;
};

}  // namespace consilium::fl
