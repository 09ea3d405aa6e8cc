#include "fl/run_status.h"

#include <algorithm>
#include <cmath>

namespace consilium::fl {
namespace {

/// Sites times rounds that are remembered: some megabytes.
constexpr std::size_t kMostParts = 20000;

double number_of(const Event& event, const char* name, double missing = 0) {
  const auto found = event.numbers.find(name);
  return found == event.numbers.end() ? missing : found->second;
}

std::optional<double> optional_of(const Event& event, const char* name) {
  const auto found = event.numbers.find(name);
  if (found == event.numbers.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> names_of(const Event& event, const char* list) {
  const auto found = event.words.find(list);
  return found == event.words.end() ? std::vector<std::string>{} : split_names(found->second);
}

std::uint64_t bytes_of(const Event& event, const char* name) { return static_cast<std::uint64_t>(std::max(0.0, number_of(event, name))); }

RoundStatus& round_of(RunStatus& status, const Event& event) {
  for (auto at = status.recent.rbegin(); at != status.recent.rend(); ++at)
    if (at->round == event.round) return *at;
  RoundStatus round;
  round.round = event.round;
  round.opened = event.time;
  status.recent.push_back(std::move(round));
  while (status.recent.size() > kRecentRounds || (status.recent.size() > 3 && status.recent.size() * status.sites.size() > kMostParts)) status.recent.pop_front();
  return status.recent.back();
}

/// A site is heard of: it is known to live, and connected if it was not.
SiteStatus& seen(RunStatus& status, const Event& event) {
  SiteStatus& site = status.sites[event.site];
  site.last_seen = std::max(site.last_seen, event.time);
  return site;
}

/// An update of an earlier round that counts in the open one, unless the site's own of that round is there already.
void merge_into(RoundStatus& open, const Event& event) {
  SiteInRound& part = open.sites[event.site];
  if (part.outcome == "accepted") return;
  part.outcome = "merged";
  part.reason = "its update of round " + std::to_string(event.round + 1) + " came late, and counts with a factor";
  part.cases = static_cast<std::int64_t>(number_of(event, "cases"));
}

void apply_update(RunStatus& status, const Event& event, const std::string& outcome) {
  SiteStatus& site = seen(status, event);
  ++status.updates[outcome];
  site.bytes_in += bytes_of(event, "bytes");
  site.upload_bytes = site.upload_of_bytes = 0;
  site.state = SiteState::kWaiting;
  if (outcome == "duplicate") return;
  RoundStatus& round = round_of(status, event);
  SiteInRound& part = round.sites[event.site];
  part.bytes_in += bytes_of(event, "bytes");
  if (round.closed > 0 && outcome == "accepted" && status.recent.back().closed == 0) merge_into(status.recent.back(), event);
  if (outcome == "late" || round.closed > 0) return;  // that round is over
  part.outcome = outcome;
  part.seconds = number_of(event, "seconds");
  part.cases = static_cast<std::int64_t>(number_of(event, "cases"));
  part.reason = outcome == "rejected" ? event.words.at("reason") : "";
  if (part.cases > 0) site.cases = part.cases;
  if (const auto loss = optional_of(event, "loss")) site.loss = loss;
}

void mark_not_asked(RoundStatus& round, const Event& event) {
  for (const std::string& name : names_of(event, "not_asked"))
    if (std::string& outcome = round.sites[name].outcome; outcome.empty()) outcome = "not asked";
}

void apply_closed(RunStatus& status, const Event& event) {
  RoundStatus& round = round_of(status, event);
  round.closed = event.time;
  round.validation = optional_of(event, "validation");
  round.waits_for_quorum = false;
  round.is_last_look = round.is_last_look || event.round >= status.rounds;
  if (round.validation) status.validation = round.validation;
  status.rounds_closed = std::max(status.rounds_closed, event.round + 1);
  round.waits_for_cases = false;
  for (const std::string& name : names_of(event, "merged")) round.sites[name].outcome = "merged";
  mark_not_asked(round, event);
  for (const std::string& name : names_of(event, "missing")) {
    SiteInRound& part = round.sites[name];
    if (part.outcome.empty()) part.outcome = "late";
    if (part.outcome == "late" && part.reason.empty()) part.reason = "nothing came before the round was closed";
  }
  if (round.is_last_look) return;
  for (const auto& [name, part] : round.sites) {
    SiteStatus& site = status.sites[name];
    if (part.outcome == "accepted" || part.outcome == "merged") ++site.accepted, site.last_accepted_round = event.round;
    if (part.outcome == "rejected") ++site.rejected;
    if (part.outcome == "late") ++site.late;
  }
}

void end_run(RunStatus& status, const Event& event, const char* how) {
  status.end = how;
  status.ended = event.time;
}

}  // namespace

std::vector<std::string> split_names(const std::string& text) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    if (comma > at) names.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return names;
}

std::string join_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
  return text;
}

void apply(RunStatus& status, const Event& event) {
  status.run = event.run;
  status.alive_at = std::max(status.alive_at, event.time);
  switch (event.kind) {
    case EventKind::kRunStarted:
      status.started = event.time;
      status.rounds = static_cast<std::int64_t>(number_of(event, "rounds"));
      status.quorum = static_cast<std::int64_t>(number_of(event, "quorum"));
      for (const std::string& name : split_names(event.words.at("sites"))) status.sites[name];
      break;
    case EventKind::kRunResumed:
      status.end.clear();
      status.ended = 0;
      status.rounds = static_cast<std::int64_t>(number_of(event, "rounds"));
      for (auto& [name, site] : status.sites) {
        site.is_connected = false;  // its stream ended with the coordinator that was
        if (site.state != SiteState::kEnrolled && site.state != SiteState::kDone) site.state = SiteState::kDisconnected;
      }
      break;
    case EventKind::kRoundOpened: {
      RoundStatus& round = round_of(status, event);
      round = {};
      round.round = event.round;
      round.is_last_look = number_of(event, "last_look") > 0;
      round.opened = event.time;
      round.deadline_seconds = number_of(event, "deadline_seconds");
      mark_not_asked(round, event);
      for (auto& [name, site] : status.sites) site.step = site.steps = 0;
      break;
    }
    case EventKind::kSiteRefused: {
      if (!status.refused.contains(event.site) && status.refused.size() >= kMostRefusals) break;
      Refusal& refusal = status.refused[event.site];
      ++refusal.times;
      refusal.reason = event.words.at("reason");
      refusal.last = event.time;
      break;
    }
    case EventKind::kConnected: {
      SiteStatus& site = seen(status, event);
      site.is_connected = true;
      if (site.state == SiteState::kEnrolled || site.state == SiteState::kDisconnected) site.state = SiteState::kConnected;
      break;
    }
    case EventKind::kDisconnected: {
      SiteStatus& site = seen(status, event);
      site.is_connected = false;
      if (site.state != SiteState::kDone) site.state = SiteState::kDisconnected;
      break;
    }
    case EventKind::kSiteState: {
      SiteStatus& site = seen(status, event);
      // What a site says may come after what the coordinator saw: it had the last model already.
      if (site.state != SiteState::kDone) site.state = site_state(event.words.at("state")).value_or(SiteState::kConnected);
      break;
    }
    case EventKind::kConfigured: {
      SiteStatus& site = seen(status, event);
      site.is_configured = true;
      site.cases = static_cast<std::int64_t>(number_of(event, "cases"));
      site.device = event.words.at("device");
      break;
    }
    case EventKind::kHeartbeat:
      seen(status, event).last_heartbeat = event.time;
      break;
    case EventKind::kTrainingProgress: {
      SiteStatus& site = seen(status, event);
      site.step = static_cast<std::int64_t>(number_of(event, "step"));
      site.steps = static_cast<std::int64_t>(number_of(event, "steps"));
      if (const auto loss = optional_of(event, "loss")) site.loss = loss;
      break;
    }
    case EventKind::kModelSent: {
      SiteStatus& site = seen(status, event);
      site.bytes_out += bytes_of(event, "bytes");
      if (event.round > status.rounds) site.state = SiteState::kDone;
      else round_of(status, event).sites[event.site].bytes_out += bytes_of(event, "bytes");
      break;
    }
    case EventKind::kUploadProgress: {
      SiteStatus& site = seen(status, event);
      site.state = SiteState::kUploading;
      site.last_byte = std::max(site.last_byte, event.time);
      site.upload_bytes = bytes_of(event, "bytes");
      site.upload_of_bytes = bytes_of(event, "of_bytes");
      break;
    }
    case EventKind::kUpdateAccepted: apply_update(status, event, "accepted"); break;
    case EventKind::kUpdateRejected: apply_update(status, event, "rejected"); break;
    case EventKind::kUpdateLate: apply_update(status, event, "late"); break;
    case EventKind::kUpdateDuplicate: apply_update(status, event, "duplicate"); break;
    case EventKind::kDeadlinePassed: round_of(status, event).deadline_passed = true; break;
    case EventKind::kQuorumWait: round_of(status, event).waits_for_quorum = true; break;
    case EventKind::kCasesWait:
      round_of(status, event).waits_for_cases = true;
      round_of(status, event).waits_for_quorum = false;
      break;
    case EventKind::kRoundClosed: apply_closed(status, event); break;
    case EventKind::kModelWritten: status.best_round = static_cast<std::int64_t>(number_of(event, "best_round")); break;
    case EventKind::kFinished: end_run(status, event, "finished"); break;
    case EventKind::kStopped: end_run(status, event, "stopped"); break;
    case EventKind::kFailed:
      end_run(status, event, "failed");
      status.end_code = event.words.at("code");
      break;
  }
}

RunStatus with_latest(RunStatus status, const std::vector<Event>& latest) {
  std::map<std::string, double> known;
  for (const auto& [name, site] : status.sites) known[name] = site.last_seen;
  for (const Event& event : latest)
    if (event.kind == EventKind::kHeartbeat || event.time > known[event.site]) apply(status, event);
  return status;
}

}  // namespace consilium::fl
