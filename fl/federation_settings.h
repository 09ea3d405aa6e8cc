#pragma once

#include <string>
#include <vector>

#include "base/settings.h"

namespace consilium::fl {

struct FederationSettings {
  std::vector<std::string> sites;     ///< names in the certificates of those who may take part
  std::int64_t rounds = 10;
  std::int64_t quorum = 0;            ///< updates without which a round is not closed; 0: more than half of the sites
  double deadline_seconds = 3600;     ///< after the round's start, for those who are late; a round without quorum waits on
  std::string task = "{}";            ///< JSON handed to every trainer

  bool operator==(const FederationSettings&) const = default;
};

/// JSON keys are the field names; `task` is any JSON. @throws Error{kUsage}
void read_federation_settings(SettingsReader& reader, FederationSettings& settings);
Json to_json(const FederationSettings& settings);
/// @throws Error{kUsage} naming the field.
void validate(const FederationSettings& settings);
std::int64_t quorum_of(const FederationSettings& settings);

}  // namespace consilium::fl
