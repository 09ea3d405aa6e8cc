#pragma once

#include <string>
#include <vector>

#include "base/settings.h"
#include "fl/aggregate/aggregation.h"
#include "fl/compress/compression.h"
#include "fl/protection_settings.h"
#include "fl/round_policy.h"

namespace consilium::fl {

struct FederationSettings {
  std::vector<std::string> sites;     ///< names in the certificates of those who may take part
  std::int64_t rounds = 10;           ///< 0: the initial model is looked at, not trained
  std::int64_t quorum = 0;            ///< updates without which a round is not closed; 0: more than half of the sites
  double deadline_seconds = 3600;     ///< after the round's start, for those who are late; a round without quorum waits on
  RoundPolicy policy{};               ///< more about when a round is closed, and who is asked
  AggregationSettings aggregation{};  ///< how updates become the next global model
  CompressionSettings compression{};  ///< how sites write their updates
  ProtectionSettings protection{};    ///< what hides an update before it is summed
  std::string task = "{}";            ///< JSON handed to every trainer

  bool operator==(const FederationSettings&) const = default;
};

/// JSON keys are the field names; `task` is any JSON. @throws Error{kUsage}
void read_federation_settings(SettingsReader& reader, FederationSettings& settings);
Json to_json(const FederationSettings& settings);
/// @throws Error{kUsage} naming the field below `path`.
void validate(const FederationSettings& settings, const std::string& path = "federation");
/// At least one name, none twice, each of 1 to 64 letters, digits, '_', '-' and '.', not starting with '.': they become names of files.
/// @throws Error{kUsage}
void validate_site_names(const std::vector<std::string>& names, const std::string& path);
/// "host:port", port 0 to 65535; an IPv6 host stands in brackets.
bool is_address(const std::string& text);
/// An address without its port.
std::string host_of(const std::string& address);
/// Several with commas between.
std::vector<std::string> split_addresses(const std::string& text);
std::int64_t quorum_of(const FederationSettings& settings);
/// How many sites are asked to train in a round.
std::size_t asked_sites(const FederationSettings& settings);

}  // namespace consilium::fl
