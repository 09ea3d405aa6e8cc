#include "fl/run_status.h"

namespace consilium::fl {
namespace {

Json time_or_null(double seconds) { return seconds > 0 ? Json(utc_text(seconds)) : Json(); }
Json number_or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

Json to_json(const std::string& name, const SiteStatus& s) {
  return {{"site", name}, {"state", to_string(s.state)}, {"enrolled", true}, {"connected", s.is_connected}, {"configured", s.is_configured}, {"step", s.step}, {"steps", s.steps}, {"loss", number_or_null(s.loss)},
          {"cases", s.cases < 0 ? Json() : Json(s.cases)}, {"device", s.device}, {"last_seen", time_or_null(s.last_seen)}, {"last_byte", time_or_null(s.last_byte)}, {"upload_bytes", s.upload_bytes},
          {"upload_of_bytes", s.upload_of_bytes}, {"bytes_in", s.bytes_in}, {"bytes_out", s.bytes_out}, {"accepted", s.accepted}, {"rejected", s.rejected}, {"late", s.late},
          {"last_accepted_round", s.last_accepted_round < 0 ? Json() : Json(s.last_accepted_round)}};
}

Json to_json(const RoundStatus& r) {
  Json sites = Json::array();
  for (const auto& [name, part] : r.sites)
    sites.push_back({{"site", name}, {"outcome", part.outcome.empty() ? "open" : part.outcome}, {"reason", part.reason}, {"seconds", part.seconds}, {"bytes_in", part.bytes_in}, {"bytes_out", part.bytes_out}, {"cases", part.cases}});
  return {{"round", r.round}, {"last_look", r.is_last_look}, {"opened", time_or_null(r.opened)}, {"closed", time_or_null(r.closed)}, {"seconds", r.closed > 0 ? Json(r.closed - r.opened) : Json()},
          {"deadline_passed", r.deadline_passed}, {"waits_for", r.closed > 0 ? Json() : r.waits_for_quorum ? Json("quorum") : r.waits_for_cases ? Json("cases") : Json()}, {"validation", number_or_null(r.validation)}, {"sites", sites}};
}

}  // namespace

Json to_json(const RunStatus& s, double now) {
  Json json{{"schema", "consilium.status/1"}, {"run", s.run}, {"state", run_state(s, now)}, {"started", time_or_null(s.started)}, {"ended", time_or_null(s.ended)}, {"alive_at", time_or_null(s.alive_at)},
            {"rounds", s.rounds}, {"rounds_closed", s.rounds_closed}, {"quorum", s.quorum}, {"best_round", s.best_round < 0 ? Json() : Json(s.best_round)}, {"validation", number_or_null(s.validation)},
            {"updates", s.updates}, {"warnings", warnings(s, now)}, {"sites", Json::array()}, {"recent_rounds", Json::array()}, {"refused", Json::array()}};
  for (const auto& [name, site] : s.sites) json["sites"].push_back(to_json(name, site));
  for (const RoundStatus& round : s.recent) json["recent_rounds"].push_back(to_json(round));
  for (const auto& [name, r] : s.refused) json["refused"].push_back({{"name", name}, {"times", r.times}, {"reason", r.reason}, {"last", time_or_null(r.last)}});
  return json;
}

}  // namespace consilium::fl
