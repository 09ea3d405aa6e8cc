#include "fl/estimate/estimate_settings.h"

#include <cmath>

#include "base/error.h"

namespace consilium::fl {
namespace {

constexpr const char* kSchema = "consilium.estimate/1";
const std::vector<std::pair<std::string, UpdateKind>> kKinds{{"synthetic", UpdateKind::kSynthetic}, {"recorded", UpdateKind::kRecorded}};

void read(SettingsReader& reader, LinkProfile& links) {
  reader.field("measured_bytes", links.measured_bytes);
  read_distribution(reader, "download_seconds", links.download_seconds, 0.001);
  read_distribution(reader, "upload_seconds", links.upload_seconds, 0.001);
  reader.field("round_trip_ms", links.round_trip_ms);
  reader.field("loss", links.loss);
  reader.field("outages_per_day", links.outages_per_day);
  read_distribution(reader, "outage_seconds", links.outage_seconds, 0);
}

void read(SettingsReader& reader, ComputeProfile& compute) {
  read_distribution(reader, "train_seconds_per_patient", compute.train_seconds_per_patient, 0);
  read_distribution(reader, "validate_seconds_per_patient", compute.validate_seconds_per_patient, 0);
  reader.field("training_share", compute.training_share);
  reader.field("validations", compute.validations);
  reader.field("slow_chance", compute.slow_chance);
  reader.field("slow_factor", compute.slow_factor);
}

void read(SettingsReader& reader, UpdateProfile& updates) {
  reader.choice("kind", updates.kind, kKinds);
  if (updates.kind == UpdateKind::kRecorded) {
    reader.required("folder", updates.folder);
    return;
  }
  reader.field("weights", updates.weights);
  reader.field("spread", updates.spread);
  reader.field("step", updates.step);
}

Json to_json(const UpdateProfile& u) {
  if (u.kind == UpdateKind::kRecorded) return {{"kind", "recorded"}, {"folder", u.folder}};
  return {{"kind", "synthetic"}, {"weights", u.weights}, {"spread", u.spread}, {"step", u.step}};
}

}  // namespace

EstimateSettings parse_estimate_settings(const Json& json, const std::string& origin) {
  EstimateSettings s;
  SettingsReader reader(json, origin);
  std::string schema = kSchema;
  reader.field("schema", schema);
  require(schema == kSchema, ErrorCode::kUsage, origin + ".schema: expected \"" + kSchema + "\", found \"" + schema + "\"");
  reader.field("title", s.title);
  reader.field("sites", s.sites);
  read_distribution(reader, "patients", s.patients, 1);
  reader.field("rounds", s.rounds);
  reader.field("quorum", s.quorum);
  reader.field("deadline_seconds", s.deadline_seconds);
  reader.object("policy", [&](SettingsReader& policy) { read_round_policy(policy, s.policy); });
  reader.object("aggregation", [&](SettingsReader& rule) { read_aggregation_settings(rule, s.aggregation); });
  reader.field("model_bytes", s.model_bytes);
  reader.field("download_compression", s.download_compression);
  reader.field("upload_compression", s.upload_compression);
  reader.object("links", [&](SettingsReader& links) { read(links, s.links); });
  reader.object("compute", [&](SettingsReader& compute) { read(compute, s.compute); });
  reader.object("failures", [&](SettingsReader& failures) {
    failures.field("deaths_per_day", s.failures.deaths_per_day);
    read_distribution(failures, "away_seconds", s.failures.away_seconds, 0);
  });
  reader.object("coordinator", [&](SettingsReader& coordinator) {
    coordinator.field("mbit_per_second", s.coordinator.mbit_per_second);
    coordinator.field("aggregate_bytes_per_second", s.coordinator.aggregate_bytes_per_second);
  });
  reader.object("updates", [&](SettingsReader& updates) { read(updates, s.updates); });
  reader.field("seed", s.seed);
  reader.finish();
  validate(s, origin);
  return s;
}

Json to_json(const EstimateSettings& s) {
  const LinkProfile& l = s.links;
  const ComputeProfile& c = s.compute;
  return {{"schema", kSchema},
          {"title", s.title},
          {"sites", s.sites},
          {"patients", to_json(s.patients)},
          {"rounds", s.rounds},
          {"quorum", s.quorum},
          {"deadline_seconds", s.deadline_seconds},
          {"policy", to_json(s.policy)},
          {"aggregation", to_json(s.aggregation)},
          {"model_bytes", s.model_bytes},
          {"download_compression", s.download_compression},
          {"upload_compression", s.upload_compression},
          {"links",
           {{"measured_bytes", l.measured_bytes}, {"download_seconds", to_json(l.download_seconds)}, {"upload_seconds", to_json(l.upload_seconds)}, {"round_trip_ms", l.round_trip_ms},
            {"loss", l.loss}, {"outages_per_day", l.outages_per_day}, {"outage_seconds", to_json(l.outage_seconds)}}},
          {"compute",
           {{"train_seconds_per_patient", to_json(c.train_seconds_per_patient)}, {"validate_seconds_per_patient", to_json(c.validate_seconds_per_patient)}, {"training_share", c.training_share},
            {"validations", c.validations}, {"slow_chance", c.slow_chance}, {"slow_factor", c.slow_factor}}},
          {"failures", {{"deaths_per_day", s.failures.deaths_per_day}, {"away_seconds", to_json(s.failures.away_seconds)}}},
          {"coordinator", {{"mbit_per_second", s.coordinator.mbit_per_second}, {"aggregate_bytes_per_second", s.coordinator.aggregate_bytes_per_second}}},
          {"updates", to_json(s.updates)},
          {"seed", s.seed}};
}

void validate(const EstimateSettings& s, const std::string& origin) {
  const auto check = [&](bool good, const char* key, const char* expected) { require(good, ErrorCode::kUsage, origin + "." + key + ": expected " + expected); };
  const auto between = [](double value, double low, double high) { return value >= low && value <= high; };  // false for what is not a number
  check(s.sites >= 1 && s.sites <= 10000, "sites", "1 to 10000");
  check(s.patients.most <= 1e6, "patients", "at most 1000000 per site");
  check(between(s.model_bytes, 1, 1e13), "model_bytes", "1 to 10^13");
  check(between(s.download_compression, 1, 1e6), "download_compression", "1 to 1000000");
  check(between(s.upload_compression, 1, 1e6), "upload_compression", "1 to 1000000");
  check(between(s.links.measured_bytes, 1, 1e13), "links.measured_bytes", "1 to 10^13");
  check(between(s.links.round_trip_ms, 0, 60000), "links.round_trip_ms", "0 to 60000");
  check(between(s.links.loss, 0, 0.5), "links.loss", "0 to 0.5");
  check(between(s.links.outages_per_day, 0, 10000), "links.outages_per_day", "0 to 10000");
  check(between(s.compute.training_share, 0, 1), "compute.training_share", "0 to 1");
  check(s.compute.validations >= 0 && s.compute.validations <= 1000, "compute.validations", "0 to 1000");
  check(between(s.compute.slow_chance, 0, 1), "compute.slow_chance", "0 to 1");
  check(between(s.compute.slow_factor, 1, 1e6), "compute.slow_factor", "1 to 1000000");
  check(between(s.failures.deaths_per_day, 0, 10000), "failures.deaths_per_day", "0 to 10000");
  check(between(s.coordinator.mbit_per_second, 0.001, 1e9), "coordinator.mbit_per_second", "0.001 to 10^9");
  check(between(s.coordinator.aggregate_bytes_per_second, 1, 1e15), "coordinator.aggregate_bytes_per_second", "1 to 10^15");
  check(s.updates.weights >= 1 && s.updates.weights <= 100000000, "updates.weights", "1 to 10^8");
  check(between(s.updates.spread, 0, 1e6), "updates.spread", "0 to 1000000");
  check(between(s.updates.step, 0, 1), "updates.step", "0 to 1");
  validate(federation_settings(s), origin);
}

std::string virtual_site_name(std::size_t number) {
  const std::string digits = std::to_string(number);
  return "site_" + std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits;
}

FederationSettings federation_settings(const EstimateSettings& s) {
  FederationSettings federation;
  for (std::int64_t n = 1; n <= s.sites; ++n) federation.sites.push_back(virtual_site_name(static_cast<std::size_t>(n)));
  federation.rounds = s.rounds;
  federation.quorum = s.quorum;
  federation.deadline_seconds = s.deadline_seconds;
  federation.policy = s.policy;
  federation.aggregation = s.aggregation;
  return federation;
}

}  // namespace consilium::fl
