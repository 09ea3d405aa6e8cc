#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/settings.h"
#include "fl/encrypt/encryption_settings.h"
#include "fl/group_owners.h"
#include "fl/privacy/client_privacy.h"
#include "fl/secure/secure_settings.h"

namespace consilium::fl {

/// What protects an update between the site's training and the sum. Part of the plan: a site that cannot do it, or whose own policy asks for more, does not take part.
struct ProtectionSettings {
  std::optional<SecureAggregationSettings> secure_aggregation{};
  std::optional<ClientPrivacy> privacy{};  ///< of hospitals: sites shorten their updates, and noise is on the sum
  std::optional<EncryptionSettings> encryption{};
  std::optional<GroupOwners> groups{};     ///< how many sites must own a group that is averaged

  /// Do updates travel as they are?
  bool is_plain() const { return !secure_aggregation && !encryption; }
  bool operator==(const ProtectionSettings&) const = default;
};

/// Keys: secure_aggregation, encryption, privacy and groups, objects; a key that is absent is a protection that is not used. @throws Error{kUsage}
void read_protection_settings(SettingsReader& reader, ProtectionSettings& settings);
/// Only the protections that are used.
Json to_json(const ProtectionSettings& settings);

/// The words of the protections that `settings` use: what a site must speak.
std::vector<std::string> protections_of(const ProtectionSettings& settings);
/// What this program speaks.
const std::vector<std::string>& spoken_protections();

}  // namespace consilium::fl
