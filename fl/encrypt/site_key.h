#pragma once

#include <filesystem>
#include <string>

#include "fl/encrypt/key_stream.h"

namespace consilium::fl {

/// A site's part of a joint key and what it is doing with it, in a file that only its owner can read. It survives a kill, so that the site can finish what it began; it
/// never leaves the site.
struct SiteKey {
  SecretVector<std::uint8_t> seed{};  ///< 32 bytes, of which the share is drawn
  std::string name{};                 ///< of the joint key, 16 bytes; empty: there is none yet
  std::int64_t first_round = 0;       ///< in which it was made
  std::string joint{};                ///< digest of the sum of all shares; empty: not known yet
  std::string attempt{};              ///< the last one that the site committed itself in; those before are over
  std::string context{};              ///< of what it agreed to in that attempt, before it showed anything; empty: not yet
};
/// @throws Error{kCorruptData} naming the file: it was damaged, or written by a later version.
SiteKey read_site_key(const std::filesystem::path& file);
/// encryption_key.json, mode 0600. @throws Error{kCannotWrite}
void write_site_key(const std::filesystem::path& file, const SiteKey& key);

}  // namespace consilium::fl
