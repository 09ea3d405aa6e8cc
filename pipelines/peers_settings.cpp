#include "pipelines/peers_settings.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "fl/federation_settings.h"

namespace consilium::pipelines {
namespace {

void read_sites(SettingsReader& reader, PeersSettings& s) {
  reader.list("sites", [&](SettingsReader& site) {
    std::string name, address;
    site.required("name", name);
    site.field("address", address);
    site.finish();
    require(address.empty() || fl::is_address(address), ErrorCode::kUsage, site.path() + ".address: expected host:port, found \"" + address + "\"");
    s.federation.peers.push_back(name);
    if (!address.empty()) s.addresses[name] = address;
  });
}

void validate(const PeersSettings& s, const std::string& origin) {
  fl::validate(s.federation, origin);
  require(!s.initial_model.empty(), ErrorCode::kUsage, origin + ".initial_model: is missing");
  require(s.listen.empty() || fl::is_address(s.listen), ErrorCode::kUsage, origin + ".listen: expected host:port, found \"" + s.listen + "\"");
  const auto relays = fl::split_addresses(s.relay);
  require(s.relay.empty() || std::all_of(relays.begin(), relays.end(), fl::is_address), ErrorCode::kUsage, origin + ".relay: expected host:port, found \"" + s.relay + "\"");
  require(!s.relay.empty() || s.addresses.size() == s.federation.peers.size(), ErrorCode::kUsage, origin + ".relay: is missing, and not every site has an address");
  for (const auto& [key, value] : {std::pair("gather_seconds", s.gather_seconds), std::pair("linger_seconds", s.linger_seconds)})
    require(std::isfinite(value) && value >= 0, ErrorCode::kUsage, origin + "." + key + ": expected 0 or more");
}

}  // namespace

PeersSettings parse_peers_settings(const Json& json, const std::string& origin, const std::filesystem::path& base) {
  PeersSettings s;
  SettingsReader reader(json, origin);
  reader.choice("topology", s.federation.topology, fl::topology_words());
  reader.field("run", s.run);
  reader.required("initial_model", s.initial_model);
  reader.field("listen", s.listen);
  read_sites(reader, s);
  reader.field("relay", s.relay);
  reader.field("quorum", s.federation.quorum);
  reader.field("deadline_seconds", s.federation.deadline_seconds);
  reader.field("liveness_seconds", s.federation.liveness_seconds);
  reader.choice("late", s.federation.late, {{"refuse", fl::LateUpdates::kRefuse}, {"merge", fl::LateUpdates::kMerge}});
  reader.object("aggregation", [&](SettingsReader& rule) { fl::read_aggregation_settings(rule, s.federation.aggregation); });
  std::vector<std::array<std::string, 2>> links;
  reader.field("links", links);
  for (const auto& [a, b] : links) s.federation.links.emplace_back(a, b);
  reader.field("gather_seconds", s.gather_seconds);
  reader.field("linger_seconds", s.linger_seconds);
  reader.finish();
  validate(s, origin);
  s.initial_model = resolved(base, s.initial_model);
  return s;
}

Json to_json(const PeersSettings& s) {
  Json sites = Json::array();
  for (const std::string& name : s.federation.peers) {
    const auto address = s.addresses.find(name);
    sites.push_back({{"name", name}, {"address", address == s.addresses.end() ? "" : address->second}});
  }
  return {{"topology", to_string(s.federation.topology)}, {"run", s.run}, {"initial_model", s.initial_model}, {"listen", s.listen}, {"sites", sites}, {"relay", s.relay}, {"quorum", s.federation.quorum},
          {"deadline_seconds", s.federation.deadline_seconds}, {"liveness_seconds", s.federation.liveness_seconds}, {"late", s.federation.late == fl::LateUpdates::kMerge ? "merge" : "refuse"},
          {"aggregation", to_json(s.federation.aggregation)}, {"links", s.federation.links}, {"gather_seconds", s.gather_seconds}, {"linger_seconds", s.linger_seconds}};
}

}  // namespace consilium::pipelines
