#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "base/settings.h"

namespace consilium::pipelines {

/// A relay: stores and forwards letters between sites that cannot reach each other, and cannot read them.
struct RelaySettings {
  std::string listen = "0.0.0.0:7443";  ///< host:port; port 0 takes a free one, written to FOLDER/address
  std::string name = "relay";           ///< as in the certificate, whose role is coordinator
  std::string keys;                     ///< folder with ca.crt, NAME.crt and NAME.key
  std::string folder;                   ///< letters on their way
  std::vector<std::string> sites;       ///< who may use it
  double quota_gb = 4;                  ///< of the disk, for what each site has posted and nobody has taken; 10^9 bytes
  double keep_seconds = 604800;         ///< longer than this nothing is kept

  bool operator==(const RelaySettings&) const = default;
};

/// Relative paths are taken from `base`. @throws Error{kUsage} naming the key, and the nearest known one.
RelaySettings parse_relay_settings(const Json& json, const std::string& origin, const std::filesystem::path& base);
Json to_json(const RelaySettings& settings);

/// Until `stop` is set. @throws as run_relay.
void relay(const RelaySettings& settings, const std::atomic<bool>* stop);

}  // namespace consilium::pipelines
