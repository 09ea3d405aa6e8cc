#include "pipelines/simulation_settings.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "fl/federation_settings.h"
#include "imaging/label_scheme.h"
#include "pipelines/modality_subsets.h"

namespace consilium::pipelines {

SimulationSettings parse_simulation_settings(const Json& json, const std::string& origin) {
  SimulationSettings s;
  SettingsReader reader(json, origin);
  std::string schema = "consilium.simulation/1";
  reader.field("schema", schema);
  require(schema == "consilium.simulation/1", ErrorCode::kUsage, origin + ".schema: expected \"consilium.simulation/1\", found \"" + schema + "\"");
  reader.field("title", s.title);
  reader.field("data", s.data);
  reader.field("start", s.start);
  reader.list("sites", [&](SettingsReader& item) {
    SimulatedSite site;
    item.required("name", site.name);
    item.field("folder", site.folder);
    item.field("description", site.description);
    item.field("scheme", site.scheme);
    item.field("files", site.files);
    item.field("annotated", site.annotated);
    item.field("channels", site.channels);
    item.field("judged_in_full", site.judged_in_full);
    item.field("strata", site.strata);
    item.finish();
    imaging::label_scheme(site.scheme);
    validate_annotated(site.annotated, item.path() + ".annotated");
    if (site.folder.empty()) site.folder = site.name;
    s.sites.push_back(site);
  });
  reader.field("models", s.models);
  reader.object("training", [&](SettingsReader& training) { read_training_settings(training, s.training); });
  reader.field("quorum", s.quorum);
  reader.field("deadline_seconds", s.deadline_seconds);
  reader.choice("topology", s.topology, fl::topology_words());
  reader.object("policy", [&](SettingsReader& policy) { fl::read_round_policy(policy, s.policy); });
  reader.object("aggregation", [&](SettingsReader& rule) { fl::read_aggregation_settings(rule, s.aggregation); });
  Json statistics;
  reader.raw("statistics", statistics);
  if (!statistics.is_null()) {
    SettingsReader counted(statistics, origin + ".statistics");
    read_statistics_task(counted, s.statistics.emplace());
  }
  reader.field("minimum_count", s.minimum_count);
  reader.object("compression", [&](SettingsReader& codec) { fl::read_compression_settings(codec, s.compression); });
  reader.object("protection", [&](SettingsReader& protection) { fl::read_protection_settings(protection, s.protection); });
  if (std::find(s.models.begin(), s.models.end(), "federated") != s.models.end()) require_rule_fits(fl::to_json(s.aggregation), to_json(s.training), origin);
  require_noise_fits(s.protection, to_json(s.training), origin);
  const FederationTraits traits{.has_coordinator = s.topology == fl::Topology::kCoordinator, .feeds_errors_back = fl::feeds_errors_back(s.compression), .compares_sites = fl::is_robust(s.aggregation.rule), .counts_owners = s.protection.groups.has_value()};
  require_clusters_fit(s.training.clusters, traits, origin);
  reader.field("subsets", s.subsets);
  reader.field("folds", s.folds);
  reader.field("picture_channel", s.picture_channel);
  reader.field("notes", s.notes);
  reader.finish();
  require(s.minimum_count >= 1, ErrorCode::kUsage, origin + ".minimum_count: expected 1 or more");
  require(s.sites.size() >= 2, ErrorCode::kUsage, origin + ".sites: a federation has at least two sites");
  require(s.folds == 0 || (s.folds >= 2 && s.folds <= 1000), ErrorCode::kUsage, origin + ".folds: expected 0, or 2 and more");
  require(!s.models.empty(), ErrorCode::kUsage, origin + ".models: name at least one of single, pooled and federated");
  for (const std::string& kind : s.models)
    require(kind == "single" || kind == "pooled" || kind == "federated" || kind == "ensemble", ErrorCode::kUsage, origin + ".models: \"" + kind + "\" is none of single, pooled, federated and ensemble");
  fl::FederationSettings federation;
  for (const SimulatedSite& site : s.sites) federation.sites.push_back(site.name);
  federation.rounds = s.training.rounds;
  federation.quorum = s.quorum;
  federation.deadline_seconds = s.deadline_seconds;
  federation.policy = s.policy;
  federation.aggregation = s.aggregation;
  federation.compression = s.compression;
  federation.protection = s.protection;
  fl::validate(federation, origin);
  if (s.topology != fl::Topology::kCoordinator) {
    fl::PeerSettings peers{.topology = s.topology, .peers = federation.sites, .rounds = federation.rounds, .quorum = s.quorum, .deadline_seconds = s.deadline_seconds, .aggregation = s.aggregation};
    fl::validate(peers, origin);
    require_topology_fits(s.topology, to_json(s.training), origin);
    fl::RoundPolicy plain;
    plain.late = s.policy.late;
    require(s.compression == fl::CompressionSettings{}, ErrorCode::kUsage, origin + ".compression: topology " + std::string(to_string(s.topology)) + " sends updates as they are");
    require(s.protection == fl::ProtectionSettings{}, ErrorCode::kUsage, origin + ".protection: topology " + std::string(to_string(s.topology)) + " has nobody who could add up what is hidden");
    const bool is_told_more = s.aggregation.rule == fl::AggregationRule::kScaffold || s.aggregation.rule == fl::AggregationRule::kFedNova || s.aggregation.rule == fl::AggregationRule::kQFedAvg;
    require(!is_told_more, ErrorCode::kUsage, origin + ".aggregation.rule: what peers tell one another holds no step norms and no control variates");
    require(s.policy == plain, ErrorCode::kUsage, origin + ".policy: topology " + std::string(to_string(s.topology)) + " knows no policy but \"late\"");
  }
  for (const SimulatedSite& site : s.sites)
    require(site.name != "pooled" && site.name != "federated" && !site.name.starts_with("ensemble"), ErrorCode::kUsage, origin + ".sites: \"" + site.name + "\" is the name of a model; call the site otherwise");
  const auto& channels = s.training.normalise.channels;
  if (s.picture_channel.empty()) s.picture_channel = channels.back();
  require(std::find(channels.begin(), channels.end(), s.picture_channel) != channels.end(), ErrorCode::kUsage, origin + ".picture_channel: \"" + s.picture_channel + "\" is none of the channels");
  for (const SimulatedSite& site : s.sites)
    for (const std::string& channel : site.channels)
      require(std::find(channels.begin(), channels.end(), channel) != channels.end(), ErrorCode::kUsage, origin + ".sites: site " + site.name + ": \"" + channel + "\" is none of training.normalise.channels");
  if (s.subsets) modality_subsets(s.training);  // not too many
  return s;
}

SiteLabels labels_of(const SimulatedSite& site) { return {imaging::label_scheme(site.scheme), site.annotated, site.judged_in_full}; }

Json to_json(const SimulationSettings& s) {
  Json sites = Json::array();
  for (const SimulatedSite& site : s.sites) sites.push_back({{"name", site.name}, {"folder", site.folder}, {"description", site.description}, {"scheme", site.scheme}, {"files", site.files}, {"annotated", site.annotated}, {"judged_in_full", site.judged_in_full}, {"strata", site.strata}, {"channels", site.channels}});
  return {{"schema", "consilium.simulation/1"}, {"title", s.title},   {"sites", sites},       {"models", s.models}, {"training", to_json(s.training)}, {"quorum", s.quorum},
          {"deadline_seconds", s.deadline_seconds}, {"topology", fl::to_string(s.topology)}, {"policy", fl::to_json(s.policy)}, {"aggregation", fl::to_json(s.aggregation)}, {"compression", fl::to_json(s.compression)}, {"protection", fl::to_json(s.protection)}, {"statistics", s.statistics ? to_json(*s.statistics) : Json()}, {"minimum_count", s.minimum_count}, {"subsets", s.subsets}, {"folds", s.folds}, {"picture_channel", s.picture_channel}, {"notes", s.notes}};
}

}  // namespace consilium::pipelines
