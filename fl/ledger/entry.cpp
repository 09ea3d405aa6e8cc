#include "fl/ledger/entry.h"

#include <algorithm>

#include "base/text.h"
#include "fl/ledger/canonical.h"
#include "fl/wire/chunks.h"

namespace consilium::fl {
namespace {

constexpr const char* kSchema = "consilium.ledger_entry/1";
constexpr std::size_t kMostParticipants = 10000;

Json to_json(const LedgerParticipant& p) {
  Json json{{"site", p.site}, {"outcome", to_string(p.participation)}};
  if (!p.commitment.empty()) json["commitment"] = p.commitment;
  if (p.epsilon) json["epsilon"] = *p.epsilon;
  if (p.group > 0) json["group"] = p.group;
  return json;
}

LedgerParticipant participant_from(SettingsReader& reader, const std::string& origin) {
  LedgerParticipant p;
  reader.required("site", p.site);
  reader.choice("outcome", p.participation, participation_words());
  reader.field("commitment", p.commitment);
  if (!p.commitment.empty()) require_digest(p.commitment, origin + ".commitment");
  if (reader.has("epsilon")) reader.field("epsilon", p.epsilon.emplace());
  reader.field("group", p.group);
  require(p.group >= 0 && p.group <= static_cast<std::int64_t>(kMostParticipants), ErrorCode::kCorruptData, origin + ".group: no number of a group");
  return p;
}

RunEntry run_from(SettingsReader& reader, const std::string& origin) {
  RunEntry entry;
  reader.required("federation", entry.federation);
  reader.required("first_round", entry.first_round);
  reader.required("model_digest", entry.model_digest);
  reader.raw("settings", entry.settings);
  require(entry.first_round >= 0 && entry.settings.is_object(), ErrorCode::kCorruptData, origin + ": no entry of a run");
  require_digest(entry.model_digest, origin + ".model_digest");
  return entry;
}

RoundEntry round_from(SettingsReader& reader, const std::string& origin) {
  RoundEntry entry;
  reader.required("federation", entry.federation);
  reader.required("round", entry.round);
  for (const auto& [key, digest] : {std::pair{"base_digest", &entry.base_digest}, std::pair{"result_digest", &entry.result_digest}, std::pair{"settings_digest", &entry.settings_digest},
                                    std::pair{"report_digest", &entry.report_digest}, std::pair{"previous_root", &entry.previous_root}}) {
    reader.required(key, *digest);
    require_digest(*digest, origin + "." + key);
  }
  reader.raw("protection", entry.protection);
  reader.list("participants", [&](SettingsReader& p) {
    require(entry.participants.size() < kMostParticipants, ErrorCode::kCorruptData, origin + ": more participants than a federation has");
    entry.participants.push_back(participant_from(p, origin));
  });
  return entry;
}

/// SQLite keeps no sign of a zero.
double stored(double value) { return value + 0.0; }

Json report_json(const RoundReport& report) {
  Json sites = Json::array();
  for (const SiteOutcome& s : report.sites) {
    Json metrics = Json::object();
    for (const auto& [name, value] : s.metrics) metrics[name] = stored(value);
    sites.push_back({{"site", s.site}, {"outcome", to_string(s.participation)}, {"reason", s.reason}, {"cases", s.cases}, {"validation", stored(s.validation.score)},
                     {"validation_cases", s.validation.cases}, {"validation_weight", stored(s.validation.weight)}, {"metrics", metrics}});
  }
  Json sums = Json::object();
  for (const auto& [name, value] : report.sums) sums[name] = stored(value);
  return {{"round", report.round}, {"sums", sums}, {"base_digest", report.base_digest}, {"result_digest", report.result_digest}, {"validation", stored(report.validation)}, {"validation_cases", report.validation_cases}, {"sites", sites}};
}

}  // namespace

std::string to_text(const RunEntry& e) {
  return canonical_text({{"schema", kSchema}, {"kind", "run"}, {"federation", e.federation}, {"settings", e.settings}, {"first_round", e.first_round}, {"model_digest", e.model_digest}});
}

std::string to_text(const RoundEntry& e) {
  Json participants = Json::array();
  for (const LedgerParticipant& p : e.participants) participants.push_back(to_json(p));
  return canonical_text({{"schema", kSchema}, {"kind", "round"}, {"federation", e.federation}, {"round", e.round}, {"base_digest", e.base_digest}, {"result_digest", e.result_digest},
                         {"settings_digest", e.settings_digest}, {"protection", e.protection}, {"participants", participants}, {"report_digest", e.report_digest}, {"previous_root", e.previous_root}});
}

LedgerEntry parse_entry(std::string_view text, const std::string& origin) {
  LedgerEntry entry;
  read_fields(parse_canonical(text, origin), origin, [&](SettingsReader& reader) {
    std::string schema, kind;
    reader.required("schema", schema);
    reader.required("kind", kind);
    require(schema == kSchema && (kind == "run" || kind == "round"), ErrorCode::kCorruptData, origin + ": an entry of an unknown kind");
    if (kind == "run") entry = run_from(reader, origin);
    else entry = round_from(reader, origin);
  });
  return entry;
}

RoundEntry entry_of(const RoundReport& report, const Json& settings, const std::string& federation) {
  RoundEntry entry;
  entry.federation = federation;
  entry.round = report.round;
  entry.base_digest = report.base_digest;
  entry.result_digest = report.result_digest;
  entry.settings_digest = settings_digest(settings);
  entry.protection = settings.value("protection", Json::object());
  for (const SiteOutcome& site : report.sites) {
    LedgerParticipant p{site.site, site.participation, site.commitment, {}, 0};
    if (const auto epsilon = site.metrics.find(kEpsilonMetric); epsilon != site.metrics.end()) p.epsilon = epsilon->second;
    if (const auto group = site.metrics.find(kSumGroupMetric); group != site.metrics.end() && entry.protection.contains("secure_aggregation")) p.group = static_cast<std::int64_t>(group->second);
    entry.participants.push_back(std::move(p));
  }
  return entry;
}

std::string settings_digest(const Json& settings) { return to_hexadecimal(sha256(canonical_text(settings))); }

std::string report_digest(const RoundReport& report, std::string_view nonce) { return to_hexadecimal(sha256(std::string(nonce) + canonical_text(report_json(report)))); }

}  // namespace consilium::fl
