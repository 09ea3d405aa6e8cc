#include "fl/protection_settings.h"

namespace consilium::fl {
namespace {

constexpr const char* kSecureAggregation = "secure_aggregation";
constexpr const char* kPrivacy = "privacy";
constexpr const char* kEncryption = "encryption";
constexpr const char* kGroups = "groups";

}  // namespace

void read_protection_settings(SettingsReader& reader, ProtectionSettings& settings) {
  settings = {};
  if (reader.has(kSecureAggregation)) settings.secure_aggregation.emplace();
  reader.object(kSecureAggregation, [&](SettingsReader& secure) { read_secure_aggregation_settings(secure, *settings.secure_aggregation); });
  if (reader.has(kPrivacy)) settings.privacy.emplace();
  reader.object(kPrivacy, [&](SettingsReader& privacy) { read_client_privacy(privacy, *settings.privacy); });
  if (reader.has(kEncryption)) settings.encryption.emplace();
  reader.object(kEncryption, [&](SettingsReader& encryption) { read_encryption_settings(encryption, *settings.encryption); });
  if (reader.has(kGroups)) settings.groups.emplace();
  reader.object(kGroups, [&](SettingsReader& groups) { read_group_owners(groups, *settings.groups); });
}

Json to_json(const ProtectionSettings& settings) {
  Json json = Json::object();
  if (settings.secure_aggregation) json[kSecureAggregation] = to_json(*settings.secure_aggregation);
  if (settings.privacy) json[kPrivacy] = to_json(*settings.privacy);
  if (settings.encryption) json[kEncryption] = to_json(*settings.encryption);
  if (settings.groups) json[kGroups] = to_json(*settings.groups);
  return json;
}

std::vector<std::string> protections_of(const ProtectionSettings& settings) {
  std::vector<std::string> words;
  if (settings.secure_aggregation) words.emplace_back(kSecureAggregation);
  if (settings.privacy) words.emplace_back(kPrivacy);
  if (settings.encryption) words.emplace_back(kEncryption);
  if (settings.groups) words.emplace_back(kGroups);
  return words;
}

const std::vector<std::string>& spoken_protections() {
  static const std::vector<std::string> words{kSecureAggregation, kEncryption, kPrivacy, kGroups};
  return words;
}

}  // namespace consilium::fl
