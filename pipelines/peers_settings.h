#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/settings.h"
#include "fl/peers/peer_settings.h"

namespace consilium::pipelines {

/// A site's part in a federation without coordinator: what all its sites say alike, and how they find each other.
struct PeersSettings {
  fl::PeerSettings federation;                   ///< `rounds` and `task` come from the initial model
  std::string run;                               ///< tells this federation from a former one of the same sites and settings
  std::string initial_model;                     ///< safetensors that `consilium train --initial` wrote, or training settings (.json): at all sites the same
  std::string listen;                            ///< host:port at which the others deliver; empty: this site only dials out
  std::map<std::string, std::string> addresses;  ///< of the sites that can be dialled: name -> host:port
  std::string relay;                             ///< host:port; several with commas between; empty: none
  double gather_seconds = 600;                   ///< at the beginning: how long the others are waited for
  double linger_seconds = 60;                    ///< at the end: how long others are helped to their end

  bool operator==(const PeersSettings&) const = default;
};

/// @throws Error{kUsage} naming the key, and the nearest known one.
PeersSettings parse_peers_settings(const Json& json, const std::string& origin, const std::filesystem::path& base);
Json to_json(const PeersSettings& settings);

}  // namespace consilium::pipelines
