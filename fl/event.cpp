#include "fl/event.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "base/error.h"

namespace consilium::fl {
namespace {

constexpr const char* kSchema = "consilium.event/1";

const std::vector<EventSchema> kSchemas{
    {EventKind::kRunStarted, "run_started", "the coordinator listens for the first time; `sites` may take part (names, separated by commas, as in every list)", false, false, {"rounds", "quorum", "deadline_seconds"}, {"sites"}},
    {EventKind::kRunResumed, "run_resumed", "a coordinator that had ended goes on after its last closed round", false, false, {"round_open", "rounds"}, {}},
    {EventKind::kRoundOpened, "round_opened", "a plan is pushed to the sites; `last_look` is 1 in the round without training; `not_asked` names the sites that were not selected for it", true, false, {"deadline_seconds", "last_look"}, {"not_asked"}},
    {EventKind::kSiteRefused, "site_refused", "someone with a certificate of this federation's authority was turned away; told once a minute for the same reason", false, true, {}, {"reason"}},
    {EventKind::kConnected, "connected", "a site watches for announcements", false, true, {}, {}},
    {EventKind::kDisconnected, "disconnected", "its stream ended", false, true, {}, {}},
    {EventKind::kSiteState, "site_state", "a site told another state (docs/observing.md, states)", false, true, {}, {"state"}},
    {EventKind::kConfigured, "configured", "a site has read its data: it knows how many cases it has", false, true, {"cases", "validation_cases"}, {"device"}},
    {EventKind::kHeartbeat, "heartbeat", "a site said that it lives; only the newest of each site is kept, and none is in events.jsonl", false, true, {}, {}, {}, true},
    {EventKind::kTrainingProgress, "training_progress", "optimisation steps done in this round, and the loss of the last", true, true, {"step", "steps"}, {}, {"loss"}, true},
    {EventKind::kModelSent, "model_sent", "a site has fetched the model, or the rest of it", true, true, {"bytes", "seconds"}, {}},
    {EventKind::kUploadProgress, "upload_progress", "bytes of an offered update that are here", true, true, {"bytes", "of_bytes"}, {}, {}, true},
    {EventKind::kUpdateAccepted, "update_accepted", "an update counts, in its round or, by the policy, in a later one; `seconds` since its round was opened", true, true, {"bytes", "seconds", "cases"}, {}, {"loss", "validation", "validation_cases"}},
    {EventKind::kUpdateRejected, "update_rejected", "an update failed a check", true, true, {"bytes", "seconds"}, {"reason"}},
    {EventKind::kUpdateLate, "update_late", "an update came for a round that was closed", true, true, {"bytes"}, {"reason"}},
    {EventKind::kUpdateDuplicate, "update_duplicate", "there was one of this site already", true, true, {}, {}},
    {EventKind::kDeadlinePassed, "deadline_passed", "the round's time is up; `missing` names the sites that have not answered", true, false, {}, {"missing"}},
    {EventKind::kQuorumWait, "quorum_wait", "time is up and too few updates are here: the round waits on", true, false, {"updates", "quorum"}, {}},
    {EventKind::kCasesWait, "cases_wait", "time is up and a quorum is here, but `missing` own more of the cases than policy.cases_quorum leaves: they get the time of one more round", true, false, {"deadline_seconds"}, {"missing"}},
    {EventKind::kRoundClosed, "round_closed", "updates are averaged and saved; `missing` names the sites whose update was rejected or late, `merged` those of whom an update of an earlier round counted, `not_asked` those that were not selected", true, false,
     {"seconds", "accepted", "rejected", "late", "bytes_in", "bytes_out"}, {"missing", "merged", "not_asked"}, {"validation", "validation_cases"}},
    {EventKind::kModelWritten, "model_written", "the best model is on disk; `best_round` trainings went into it", false, false, {"best_round"}, {}, {"validation"}},
    {EventKind::kFinished, "finished", "every round is closed; `missing` names the sites that had no accepted update in any round with training", false, false, {"rounds"}, {"missing"}},
    {EventKind::kStopped, "stopped", "the coordinator was told to stop; started again, the run goes on", false, false, {"rounds"}, {}},
    {EventKind::kFailed, "failed", "the coordinator ended with an error", false, false, {}, {"code"}},
};

bool has(const std::vector<std::string_view>& names, const std::string& name) { return std::find(names.begin(), names.end(), name) != names.end(); }

/// 3.0 is written as 3: counts are whole.
Json number(double value) {
  if (std::floor(value) == value && std::abs(value) < 9e15) return static_cast<std::int64_t>(value);
  return value;
}

}  // namespace

std::span<const EventSchema> event_schemas() { return kSchemas; }

const EventSchema& schema_of(EventKind kind) {
  return *std::find_if(kSchemas.begin(), kSchemas.end(), [&](const EventSchema& schema) { return schema.kind == kind; });
}

std::string_view to_string(EventKind kind) { return schema_of(kind).word; }

void validate(const Event& event) {
  const EventSchema& schema = schema_of(event.kind);
  const std::string origin = "event " + std::string(schema.word) + ": ";
  require(std::isfinite(event.time) && event.time >= 0 && event.time < 253402300800.0, ErrorCode::kUnexpected, origin + "a time that is none");
  require(schema.has_round == (event.round >= 0), ErrorCode::kUnexpected, origin + (schema.has_round ? "no round" : "a round"));
  require(schema.has_site == !event.site.empty(), ErrorCode::kUnexpected, origin + (schema.has_site ? "no site" : "a site"));
  for (const std::string_view name : schema.numbers) require(event.numbers.contains(std::string(name)), ErrorCode::kUnexpected, origin + "no " + std::string(name));
  for (const std::string_view name : schema.words) require(event.words.contains(std::string(name)), ErrorCode::kUnexpected, origin + "no " + std::string(name));
  for (const auto& [name, value] : event.numbers) {
    require(has(schema.numbers, name) || has(schema.optional, name), ErrorCode::kUnexpected, origin + "unknown " + name);
    require(std::isfinite(value), ErrorCode::kUnexpected, origin + name + " is not finite");
  }
  for (const auto& [name, value] : event.words) require(has(schema.words, name), ErrorCode::kUnexpected, origin + "unknown " + name);
}

Json to_json(const Event& event) {
  Json json{{"schema", kSchema}, {"time", utc_text(event.time)}, {"run", event.run}, {"event", to_string(event.kind)}};
  if (event.round >= 0) json["round"] = event.round;
  if (!event.site.empty()) json["site"] = event.site;
  for (const auto& [name, value] : event.numbers) json[name] = number(value);
  for (const auto& [name, value] : event.words) json[name] = value;
  return json;
}

std::string to_line(const Event& event) { return to_json(event).dump(-1, ' ', false, Json::error_handler_t::replace); }

Event parse_event(const Json& json, const std::string& origin) {
  const auto text = [&](const char* key) {
    require(json.contains(key) && json[key].is_string(), ErrorCode::kCorruptData, origin + ": no text \"" + key + "\"");
    return json[key].get<std::string>();
  };
  require(json.is_object(), ErrorCode::kCorruptData, origin + ": no object");
  require(text("schema") == kSchema, ErrorCode::kCorruptData, origin + ": not of schema " + kSchema);
  const std::string word = text("event");
  const auto schema = std::find_if(kSchemas.begin(), kSchemas.end(), [&](const EventSchema& s) { return s.word == word; });
  require(schema != kSchemas.end(), ErrorCode::kCorruptData, origin + ": unknown event \"" + word + "\"");
  Event event{.time = parse_utc(text("time")), .kind = schema->kind, .run = text("run")};
  for (const auto& [key, value] : json.items()) {
    if (key == "schema" || key == "time" || key == "run" || key == "event") continue;
    if (key == "round" && value.is_number_integer()) event.round = value.get<std::int64_t>();
    else if (key == "site" && value.is_string()) event.site = value.get<std::string>();
    else if (value.is_number()) event.numbers[key] = value.get<double>();
    else if (value.is_string()) event.words[key] = value.get<std::string>();
    else throw Error(ErrorCode::kCorruptData, origin + ": \"" + key + "\" is neither number nor text");
  }
  try {
    validate(event);
  } catch (const Error& error) {  // what we would not have written ourselves is damaged
    throw Error(ErrorCode::kCorruptData, origin + ": " + error.what());
  }
  return event;
}

std::string utc_text(double seconds) {
  const auto milliseconds = static_cast<std::int64_t>(std::llround(seconds * 1000));
  const std::time_t whole = milliseconds / 1000;
  std::tm parts{};
  gmtime_r(&whole, &parts);
  char text[48];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, static_cast<int>(milliseconds % 1000));
  return text;
}

double parse_utc(const std::string& text) {
  std::tm parts{};
  int milliseconds = 0, read = 0;
  const int fields = std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &parts.tm_year, &parts.tm_mon, &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &milliseconds, &read);
  require(fields == 7 && read == 24 && text.size() == 24, ErrorCode::kCorruptData, "\"" + plain_text(text, 40) + "\" is no time such as 2026-11-26T02:18:25.123Z");
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return static_cast<double>(timegm(&parts)) + milliseconds / 1000.0;
}

std::string plain_text(std::string_view text, std::size_t most) {
  std::string plain(text.substr(0, most));
  for (char& c : plain)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && std::string_view(" .,:;_-+()/\"'").find(c) == std::string_view::npos) c = '?';
  return plain;
}

}  // namespace consilium::fl
