#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/progress.h"
#include "fl/run_status.h"

namespace consilium::fl {
namespace {

/// The site with most cases, if one has more than every other: who is missed most.
std::string largest_site(const RunStatus& status) {
  std::string largest;
  std::int64_t most = 0;
  bool alone = false;
  for (const auto& [name, site] : status.sites) {
    if (site.cases > most) largest = name, most = site.cases, alone = true;
    else if (site.cases == most) alone = false;
  }
  return alone && status.sites.size() > 1 ? largest : "";
}

std::string rounds_text(std::int64_t count) { return count == 1 ? "1 round" : fmt::format("{} rounds", count); }

/// Why its update was refused the last time, as far back as rounds are told; empty when none was.
std::string last_rejection(const RunStatus& status, const std::string& name) {
  for (auto round = status.recent.rbegin(); round != status.recent.rend(); ++round)
    if (const auto part = round->sites.find(name); part != round->sites.end() && part->second.outcome == "rejected") return ", at last: " + part->second.reason;
  return "";
}

std::string about_absence(const RunStatus& status, const std::string& name, const SiteStatus& site, std::int64_t rounds, bool is_over) {
  const std::int64_t missed = site.rejected + site.late;
  if (site.accepted == 0 && is_over)
    return fmt::format("the run ended without site {}: {}", name, site.last_seen == 0 ? "it was never seen" : fmt::format("none of its updates counted in {}{}", rounds_text(rounds), last_rejection(status, name)));
  if (missed == 0) return "";
  const std::string why = site.rejected > 0 ? fmt::format(" ({} rejected{})", site.rejected, last_rejection(status, name)) : "";
  return fmt::format("site {} was missing in {} of {}{}", name, missed, rounds_text(rounds), why);
}

std::string about_failure(const RunStatus& status) {
  const bool gave_up = status.end_code == to_string(ErrorCode::kUnreachable) && !status.recent.empty() && status.recent.back().waits_for_quorum;
  if (gave_up) return fmt::format("the coordinator has given round {} up: its quorum of {} did not come in policy.abandon_seconds; start it again and the run goes on", status.recent.back().round + 1, status.quorum);
  return fmt::format("the coordinator ended with an error ({}); its log says more", status.end_code);
}

/// The sites that were asked in the open round and have not answered.
std::string unanswered(const RunStatus& status) {
  std::vector<std::string> names;
  for (const auto& [name, site] : status.sites) {
    const auto part = status.recent.back().sites.find(name);
    if (part == status.recent.back().sites.end() || part->second.outcome.empty()) names.push_back(name);
  }
  return join_names(names);
}

}  // namespace

std::string run_state(const RunStatus& status, double now) {
  if (!status.end.empty()) return status.end;
  if (now - status.alive_at > kSilentSeconds) return "not running";
  if (!status.recent.empty() && status.recent.back().waits_for_quorum) return "waits for quorum";
  if (!status.recent.empty() && status.recent.back().waits_for_cases) return "waits for cases";
  return "at work";
}

std::vector<std::string> warnings(const RunStatus& status, double now) {
  std::vector<std::string> lines;
  const std::string state = run_state(status, now), largest = largest_site(status);
  const bool is_over = state == "finished", is_alive = status.end.empty() && state != "not running";
  const std::int64_t trainings = std::min(status.rounds_closed, status.rounds);
  if (state == "not running") lines.push_back(fmt::format("the coordinator has ended without saying so ({} ago); start it again and the run goes on", format_duration(now - status.alive_at)));
  if (state == "failed") lines.push_back(about_failure(status));
  if (state == "waits for quorum") lines.push_back(fmt::format("round {} waits for a quorum of {}: its time is up", status.recent.back().round + 1, status.quorum));
  if (state == "waits for cases") lines.push_back(fmt::format("round {} waits for {}: its time is up, but without them most of the known cases would be missing", status.recent.back().round + 1, unanswered(status)));
  for (const auto& [name, site] : status.sites) {
    const std::string absence = about_absence(status, name, site, trainings, is_over);
    if (!absence.empty()) lines.push_back(absence + (name == largest ? fmt::format("; it is the largest site ({} cases)", site.cases) : ""));
    if (!is_alive) continue;
    if (site.state == SiteState::kEnrolled) lines.push_back(fmt::format("site {} has not been seen yet", name));
    else if (!site.is_connected && site.state != SiteState::kDone) lines.push_back(fmt::format("site {} is not connected; last seen {} ago", name, format_duration(now - site.last_seen)));
    else if (site.is_connected && site.last_heartbeat > 0 && now - site.last_seen > kSilentSeconds) lines.push_back(fmt::format("site {} is connected but silent for {}", name, format_duration(now - site.last_seen)));
  }
  for (const auto& [name, rounds] : status.alike) lines.push_back(fmt::format("site {} has sent updates that were nearly another site's in {}: the same data, or one site under two names", name, rounds_text(rounds)));
  for (const auto& [name, refusal] : status.refused) lines.push_back(fmt::format("refused: {} ({}), last {} ago", name, refusal.reason, format_duration(now - refusal.last)));
  return lines;
}

}  // namespace consilium::fl
