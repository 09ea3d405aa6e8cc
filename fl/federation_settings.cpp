#include "fl/federation_settings.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "fl/compress/composition.h"

namespace consilium::fl {

void read_federation_settings(SettingsReader& reader, FederationSettings& settings) {
  reader.required("sites", settings.sites);
  reader.field("rounds", settings.rounds);
  reader.field("quorum", settings.quorum);
  reader.field("deadline_seconds", settings.deadline_seconds);
  reader.object("policy", [&](SettingsReader& policy) { read_round_policy(policy, settings.policy); });
  reader.object("aggregation", [&](SettingsReader& rule) { read_aggregation_settings(rule, settings.aggregation); });
  reader.object("compression", [&](SettingsReader& codec) { read_compression_settings(codec, settings.compression); });
  reader.object("protection", [&](SettingsReader& protection) { read_protection_settings(protection, settings.protection); });
  Json task = Json::object();
  reader.raw("task", task);
  settings.task = task.dump();
  validate(settings, reader.path());
}

Json to_json(const FederationSettings& s) {
  return {{"sites", s.sites}, {"rounds", s.rounds}, {"quorum", s.quorum}, {"deadline_seconds", s.deadline_seconds}, {"policy", to_json(s.policy)}, {"aggregation", to_json(s.aggregation)}, {"compression", to_json(s.compression)}, {"protection", to_json(s.protection)}, {"task", parse_json(s.task, "task")}};
}

void validate_site_names(const std::vector<std::string>& names, const std::string& path) {
  require(!names.empty() && names.size() <= 10000, ErrorCode::kUsage, path + ": name at least one site");
  std::set<std::string> known;
  for (const std::string& name : names) {
    const bool plain = !name.empty() && name.size() <= 64 && name[0] != '.' && std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.'; });
    require(plain, ErrorCode::kUsage, path + ": \"" + name + "\" is no site name: up to 64 letters, digits, '_', '-' and '.', not starting with '.'");
    require(known.insert(name).second, ErrorCode::kUsage, path + ": \"" + name + "\" is named twice");
  }
}

bool is_address(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return false;
  const std::string host = text.substr(0, colon), port = text.substr(colon + 1);
  if (host.find(':') != std::string::npos && !(host.front() == '[' && host.back() == ']')) return false;
  return !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos && std::stoi(port) <= 65535;
}

std::string host_of(const std::string& address) { return address.substr(0, address.rfind(':')); }

std::vector<std::string> split_addresses(const std::string& text) {
  std::vector<std::string> addresses;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    addresses.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return addresses;
}

std::size_t asked_sites(const FederationSettings& s) { return s.policy.selection.sites > 0 ? static_cast<std::size_t>(s.policy.selection.sites) : s.sites.size(); }

namespace {

/// What looks at a single site's update, cases or loss cannot be had together with a sum that hides them.
void validate_hidden(const FederationSettings& s, Protection protection, const std::string& where, const std::string& path) {
  require_composes(s.compression, protection, path + ".compression");
  require_composes(protection, s.aggregation.rule, path + ".aggregation.rule");
  require(s.policy.close_after == 0 && s.policy.late == LateUpdates::kRefuse, ErrorCode::kUsage, where + ": a hidden update counts only beside the others of its round: no policy.close_after, no late updates merged");
  const SelectionRule rule = s.policy.selection.rule;
  require(rule == SelectionRule::kAll || rule == SelectionRule::kRandom, ErrorCode::kUsage, where + ": policy.selection by cases, time or loss needs to know them of each site; all or random do not");
}

void validate_protection(const FederationSettings& s, const std::string& path) {
  require(!s.protection.secure_aggregation || !s.protection.encryption, ErrorCode::kUsage, path + ".protection: an update is either masked or encrypted: secure_aggregation and encryption do not go together");
  require(!s.protection.encryption || !s.protection.privacy, ErrorCode::kUsage, path + ".protection.privacy: noise for hospitals joins updates that are masked or seen, not encrypted ones");
  if (s.protection.secure_aggregation) {
    const std::string where = path + ".protection.secure_aggregation";
    const bool in_groups = s.protection.secure_aggregation->group_size > 0;
    validate_hidden(s, in_groups ? Protection::kGroupedSecureAggregation : Protection::kSecureAggregation, where, path);
    require(!in_groups || !s.protection.privacy, ErrorCode::kUsage, where + ".group_size: the sites' shares of noise are sized for one sum of all; protection.privacy does not go with groups");
    validate(*s.protection.secure_aggregation, asked_sites(s), quorum_of(s), least_updates(s.aggregation), where);
  }
  if (s.protection.encryption) {
    const std::string where = path + ".protection.encryption";
    validate_hidden(s, Protection::kHomomorphicEncryption, where, path);
    validate(*s.protection.encryption, asked_sites(s), where);
  }
}

/// A number of owners says something of a sum only if the sum is of those who were counted.
void validate_groups(const FederationSettings& s, const std::string& path) {
  const std::string where = path + ".protection.groups";
  validate(*s.protection.groups, s.sites.size(), where);
  require_composes(Protection::kGroupOwners, s.aggregation.rule, path + ".aggregation.rule");
  require(!s.protection.privacy, ErrorCode::kUsage, where + ": numbers of owners are told as they are, and a guarantee for each hospital (protection.privacy) would have to cover them");
  require(!s.protection.secure_aggregation || s.protection.secure_aggregation->group_size == 0, ErrorCode::kUsage, where + ": nobody knows how many of a group's owners are in one of several sums (secure_aggregation.group_size)");
  require(s.protection.is_plain() || asked_sites(s) == s.sites.size(), ErrorCode::kUsage, where + ": owners are counted among all sites, so that every round has to ask all of them (policy.selection)");
}

/// What a guarantee for hospitals rests on: the same say for each, once a round, and noise where nobody sees the sum without it.
void validate_privacy(const FederationSettings& s, const std::string& path) {
  const ClientPrivacy& privacy = *s.protection.privacy;
  const std::string where = path + ".protection.privacy";
  require(s.aggregation.rule == AggregationRule::kFedAvg, ErrorCode::kUsage,
          where + ": goes with the rule fedavg, and there every site has the same say; other rules weigh or compare sites, so that one could move the model by more than clip / sites");
  require(s.policy.late == LateUpdates::kRefuse, ErrorCode::kUsage, where + ": a site that counts twice in one round moves the model by twice the clip: no late updates merged");
  const bool central = privacy.noise == ClientNoise::kCentral;
  require(central != s.protection.secure_aggregation.has_value(), ErrorCode::kUsage,
          where + ".noise: " + (central ? "under secure aggregation the sites add the noise as shares: skellam or discrete_gaussian" : "a share of the noise hides nothing where updates are seen one by one: use secure_aggregation, or central"));
  if (privacy.adaptive && privacy.noise_multiplier > 0) noise_multiplier_beside_count(privacy.noise_multiplier, count_noise_of(*privacy.adaptive, static_cast<std::int64_t>(asked_sites(s))));
  if (!central) {
    const std::int64_t threshold = threshold_of(*s.protection.secure_aggregation, asked_sites(s));
    require(privacy.colluding < threshold, ErrorCode::kUsage, where + ".colluding: is not below the " + std::to_string(threshold) + " sites whose shares are certain to be in the sum");
  }
}

}  // namespace

void validate(const FederationSettings& s, const std::string& path) {
  validate_site_names(s.sites, path + ".sites");
  require(s.rounds >= 0 && s.rounds <= 1000000, ErrorCode::kUsage, path + ".rounds: expected 0 to 1000000, found " + std::to_string(s.rounds));
  require(s.quorum >= 0 && s.quorum <= static_cast<std::int64_t>(s.sites.size()), ErrorCode::kUsage, path + ".quorum: expected 0 to the number of sites, found " + std::to_string(s.quorum));
  require(std::isfinite(s.deadline_seconds) && s.deadline_seconds > 0, ErrorCode::kUsage, path + ".deadline_seconds: expected a number above 0");
  validate(s.policy, s.sites.size(), path + ".policy");
  require(s.policy.close_after == 0 || s.quorum <= s.policy.close_after, ErrorCode::kUsage, path + ".quorum: is more than policy.close_after, which closes a round");
  require_comparable(s.aggregation, s.sites, quorum_of(s), s.policy.close_after > 0 || s.policy.late == LateUpdates::kMerge, path);
  require_composes(s.compression, s.aggregation.rule, path + ".compression");
  validate_protection(s, path);
  if (s.protection.groups) validate_groups(s, path);
  if (s.protection.privacy) validate_privacy(s, path);
}

std::int64_t quorum_of(const FederationSettings& s) {
  if (s.quorum > 0) return s.quorum;
  const std::int64_t asked = s.policy.selection.sites > 0 ? s.policy.selection.sites : static_cast<std::int64_t>(s.sites.size());
  const std::int64_t most = asked / 2 + 1;
  return s.policy.close_after > 0 ? std::min(s.policy.close_after, most) : most;
}

}  // namespace consilium::fl
