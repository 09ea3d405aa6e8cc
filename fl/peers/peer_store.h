#pragma once

#include <filesystem>
#include <optional>

#include "base/folder_lock.h"
#include "fl/peers/peer.h"

namespace consilium::fl {

/// A peer's record on disk: peer.json, and the models it names by their digests in models/.
///
/// Models are written before peer.json, which is renamed into place: after a kill at any instant the last saved record is whole.
class PeerStore {
 public:
  /// Opens or makes the folder. @throws Error{kCannotWrite}, also while another process has it open; Error{kMismatch} it holds a federation of other settings, or another peer's.
  PeerStore(const std::filesystem::path& folder, const PeerSettings& settings, const std::string& name);

  /// What was saved last; nothing in a new folder. @throws Error{kCorruptData} naming the file.
  std::optional<PeerRecord> load() const;
  void save(const PeerRecord& record);

 private:
  std::filesystem::path folder_;
  FolderLock lock_;
  Json settings_;
};

}  // namespace consilium::fl
