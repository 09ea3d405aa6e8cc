#include "fl/observer.h"

#include <cmath>

#include "base/progress.h"
#include "fl/run_history.h"
#include "fl/wall_clock.h"

namespace consilium::fl {
namespace {

/// Readable, and different for runs that start at different times.
std::string run_name(double time) {
  std::string name = "run-" + utc_text(time);
  std::erase_if(name, [](char c) { return c == ':' || c == '.'; });
  return name;
}

std::map<std::string, double> with_validation(std::map<std::string, double> numbers, double score, std::int64_t cases) {
  if (cases > 0) numbers["validation"] = score, numbers["validation_cases"] = static_cast<double>(cases);
  return numbers;
}

}  // namespace

Observer::Observer(const std::filesystem::path& folder, const Coordinator& coordinator, const ObserverOptions& options) : options_(options), settings_(coordinator.settings()) {
  const FederationSettings& settings = settings_;
  const std::int64_t open_round = coordinator.state().round;
  if (!options_.clock) options_.clock = utc_seconds;
  log_ = std::make_unique<EventLog>(folder, run_name(now()), options_.log);
  if (log_->is_new()) {
    tell(EventKind::kRunStarted, -1, "", {{"rounds", static_cast<double>(settings.rounds)}, {"quorum", static_cast<double>(quorum_of(settings))}, {"deadline_seconds", settings.deadline_seconds}}, {{"sites", join_names(settings.sites)}});
  } else {
    status_ = read_run_status(folder);
    tell(EventKind::kRunResumed, -1, "", {{"round_open", static_cast<double>(open_round)}, {"rounds", static_cast<double>(settings.rounds)}});
  }
  if (!coordinator.is_finished()) round_opened(coordinator);
  else finished();
}

void Observer::tell(EventKind kind, std::int64_t round, const std::string& site, std::map<std::string, double> numbers, std::map<std::string, std::string> words) {
  const std::lock_guard lock(guard_);
  const Event event{now(), kind, log_->run(), round, site, std::move(numbers), std::move(words)};
  apply(status_, event);
  try {
    log_->append(event);
    for (const auto& listener : listeners_) listener(event);
    log_has_failed_ = false;
  } catch (const Error& error) {  // an event that cannot be kept must not end a run
    if (!log_has_failed_) log_warning(std::string("events cannot be written: ") + error.what());
    log_has_failed_ = true;
  }
}

double Observer::seconds_of_round(std::int64_t round) const {
  for (const RoundStatus& known : status_.recent)
    if (known.round == round) return std::max(0.0, now() - known.opened);
  return 0;
}

void Observer::connected(const std::string& site) {
  const std::lock_guard lock(guard_);
  if (++streams_[site] == 1) tell(EventKind::kConnected, -1, site);
}

void Observer::disconnected(const std::string& site) {
  const std::lock_guard lock(guard_);
  // The stream of a site that came back may begin before that of its broken connection ends.
  if (--streams_[site] > 0) return;
  reports_.erase(site);
  tell(EventKind::kDisconnected, -1, site);
}

void Observer::refused(const std::string& name, const std::string& reason) {
  const std::lock_guard lock(guard_);
  const std::string key = plain_text(name, 64), why = plain_text(reason);
  const auto [last, first] = refused_at_.try_emplace(key + "\n" + why, now());
  if (!first && now() - last->second < options_.refusal_seconds) return;
  last->second = now();
  if (refused_at_.size() > 10 * kMostRefusals) refused_at_.clear();
  tell(EventKind::kSiteRefused, -1, key.empty() ? "unknown" : key, {}, {{"reason", why}});
}

void Observer::reported(const std::string& site, const SiteReport& report) {
  const std::lock_guard lock(guard_);
  const auto known = reports_.find(site);
  const bool first = known == reports_.end();
  const SiteReport before = first ? SiteReport{} : known->second;
  reports_[site] = report;
  if (const auto at = status_.sites.find(site); at == status_.sites.end() || now() - at->second.last_heartbeat >= options_.heartbeat_seconds || now() < at->second.last_heartbeat) tell(EventKind::kHeartbeat, -1, site);
  if (report.cases >= 0 && (before.cases != report.cases || before.device != report.device))
    tell(EventKind::kConfigured, -1, site, {{"cases", static_cast<double>(report.cases)}, {"validation_cases", static_cast<double>(report.validation_cases)}}, {{"device", report.device}});
  if (report.state != SiteState::kWaiting) waiting_since_.erase(site);
  else waiting_since_.try_emplace(site, now());
  if (first || before.state != report.state) tell(EventKind::kSiteState, -1, site, {}, {{"state", std::string(to_string(report.state))}});
  if (report.state != SiteState::kTraining || report.steps <= 0 || (!first && before.step == report.step && before.round == report.round && before.state == report.state)) return;
  std::map<std::string, double> numbers{{"step", static_cast<double>(report.step)}, {"steps", static_cast<double>(report.steps)}};
  if (report.loss && std::isfinite(*report.loss)) numbers["loss"] = *report.loss;
  tell(EventKind::kTrainingProgress, report.round, site, std::move(numbers));
}

void Observer::model_sent(const std::string& site, std::int64_t round, std::uint64_t bytes, double seconds) {
  const std::lock_guard lock(guard_);
  round_out_ += bytes;
  tell(EventKind::kModelSent, round, site, {{"bytes", static_cast<double>(bytes)}, {"seconds", seconds}});
}

void Observer::offered(const std::string& site, std::int64_t round, std::uint64_t bytes, std::uint64_t of_bytes) {
  const std::lock_guard lock(guard_);
  Upload& upload = uploads_[site];
  if (upload.round != round) upload.came = 0;
  upload = {round, bytes, of_bytes, upload.came, now()};
  if (of_bytes > 0) tell(EventKind::kUploadProgress, round, site, {{"bytes", static_cast<double>(bytes)}, {"of_bytes", static_cast<double>(of_bytes)}});
}

void Observer::received(const std::string& site, std::uint64_t bytes) {
  const std::lock_guard lock(guard_);
  Upload& upload = uploads_[site];
  upload.came += bytes;
  upload.there = std::min(upload.of_bytes, upload.there + bytes);
  round_in_ += bytes;
  status_.sites[site].last_byte = now();
  if (upload.there < upload.of_bytes && now() - upload.told_at < options_.upload_seconds && now() >= upload.told_at) return;
  upload.told_at = now();
  tell(EventKind::kUploadProgress, upload.round, site, {{"bytes", static_cast<double>(upload.there)}, {"of_bytes", static_cast<double>(upload.of_bytes)}});
}

void Observer::judged(const std::string& site, const Update& update, const Receipt& receipt) {
  const std::lock_guard lock(guard_);
  const auto upload = uploads_.find(site);
  const double bytes = upload == uploads_.end() ? 0 : static_cast<double>(upload->second.came);
  if (upload != uploads_.end()) uploads_.erase(upload);
  const std::int64_t round = std::max<std::int64_t>(0, update.round);
  double seconds = seconds_of_round(round);
  // Within one process all updates are judged together, and each was ready when its site began to wait.
  if (const auto since = waiting_since_.find(site); since != waiting_since_.end()) seconds = std::clamp(seconds - (now() - since->second), 0.0, seconds);
  switch (receipt.kind) {
    case ReceiptKind::kAccepted: {
      ++round_updates_;
      std::map<std::string, double> numbers{{"bytes", bytes}, {"seconds", seconds}, {"cases", 0}};
      for (const auto& [group, cases] : update.cases_per_group) numbers["cases"] = std::max(numbers["cases"], static_cast<double>(cases));
      if (const auto loss = update.metrics.find("loss"); loss != update.metrics.end() && std::isfinite(loss->second)) numbers["loss"] = loss->second;
      tell(EventKind::kUpdateAccepted, round, site, with_validation(std::move(numbers), update.validation.score, update.validation.cases));
      break;
    }
    case ReceiptKind::kDuplicate: tell(EventKind::kUpdateDuplicate, round, site); break;
    case ReceiptKind::kStale: tell(EventKind::kUpdateLate, round, site, {{"bytes", bytes}}, {{"reason", plain_text(receipt.reason)}}); break;
    case ReceiptKind::kRejected: tell(EventKind::kUpdateRejected, round, site, {{"bytes", bytes}, {"seconds", seconds}}, {{"reason", plain_text(receipt.reason)}}); break;
  }
}

void Observer::round_opened(const Coordinator& coordinator) {
  const std::lock_guard lock(guard_);
  const std::int64_t round = coordinator.state().round;
  const bool starts = round == 0 && settings_.policy.start_seconds > 0;
  std::vector<std::string> not_asked;
  for (const std::string& site : settings_.sites)
    if (!coordinator.is_asked(site)) not_asked.push_back(site);
  round_in_ = round_out_ = 0;
  round_updates_ = 0;
  tell(EventKind::kRoundOpened, round, "", {{"deadline_seconds", starts ? settings_.policy.start_seconds : settings_.deadline_seconds}, {"last_look", round >= settings_.rounds ? 1.0 : 0.0}}, {{"not_asked", join_names(not_asked)}});
}

bool Observer::is_past_deadline(std::int64_t round) const {
  const RoundStatus* open = status_.recent.empty() || status_.recent.back().round != round ? nullptr : &status_.recent.back();
  constexpr double kClockSeconds = 0.1;  // the coordinator's clock is another one than that of events
  return open != nullptr && !open->deadline_passed && now() - open->opened + kClockSeconds >= open->deadline_seconds;
}

void Observer::round_closed(const RoundReport& report) {
  const std::lock_guard lock(guard_);
  std::map<std::string, double> numbers{{"seconds", seconds_of_round(report.round)}, {"accepted", 0}, {"rejected", 0}, {"late", 0}, {"bytes_in", static_cast<double>(round_in_)}, {"bytes_out", static_cast<double>(round_out_)}};
  std::vector<std::string> missing, merged, not_asked, late;
  for (const SiteOutcome& site : report.sites) {
    if (site.participation == Participation::kMerged) merged.push_back(site.site);
    else if (site.participation == Participation::kNotAsked) not_asked.push_back(site.site);
    else numbers[std::string(to_string(site.participation))] += 1;
    if (site.participation == Participation::kLate) late.push_back(site.site);
    if (site.participation == Participation::kRejected || site.participation == Participation::kLate) missing.push_back(site.site);
  }
  if (!late.empty() && is_past_deadline(report.round)) tell(EventKind::kDeadlinePassed, report.round, "", {}, {{"missing", join_names(late)}});
  tell(EventKind::kRoundClosed, report.round, "", with_validation(std::move(numbers), report.validation, report.validation_cases), {{"missing", join_names(missing)}, {"merged", join_names(merged)}, {"not_asked", join_names(not_asked)}});
}

void Observer::tell_of(const RoundReport& report, const Coordinator& coordinator) {
  const std::lock_guard lock(guard_);
  const RunState& state = coordinator.state();
  round_closed(report);
  if (!coordinator.is_finished()) {
    round_opened(coordinator);
    return;
  }
  model_written(state.best_round, state.best_validation);
  finished();
}

void Observer::tick(const Coordinator& coordinator, double coordinator_now) {
  const std::lock_guard lock(guard_);
  if (const double time = now(); time - beat_at_ >= 2 || time < beat_at_) {
    beat_at_ = status_.alive_at = time;
    try {
      log_->beat(time);
    } catch (const Error&) {
      log_has_failed_ = true;  // the next event tells it
    }
  }
  if (coordinator_now < coordinator.deadline() || status_.recent.empty()) return;
  const RoundStatus& open = status_.recent.back();
  if (open.closed > 0) return;
  const std::int64_t round = open.round;
  const bool was_told = open.deadline_passed, has_quorum = round_updates_ >= quorum_of(settings_), told_of_quorum = open.waits_for_quorum, told_of_cases = open.waits_for_cases;
  const double deadline_seconds = 2 * open.deadline_seconds;
  if (was_told && (has_quorum ? told_of_cases : told_of_quorum)) return;
  const std::string missing = join_names(coordinator.waiting_for());
  if (!was_told) tell(EventKind::kDeadlinePassed, round, "", {}, {{"missing", missing}});
  if (round >= settings_.rounds) return;  // the last look waits for nobody
  if (!has_quorum) tell(EventKind::kQuorumWait, round, "", {{"updates", static_cast<double>(round_updates_)}, {"quorum", static_cast<double>(quorum_of(settings_))}});
  else tell(EventKind::kCasesWait, round, "", {{"deadline_seconds", deadline_seconds}}, {{"missing", missing}});
}

void Observer::model_written(std::int64_t best_round, double validation) {
  std::map<std::string, double> numbers{{"best_round", static_cast<double>(best_round)}};
  if (validation >= 0) numbers["validation"] = validation;
  tell(EventKind::kModelWritten, -1, "", std::move(numbers));
}

void Observer::finished() {
  const std::lock_guard lock(guard_);
  std::vector<std::string> missing;
  for (const auto& [name, site] : status_.sites)
    if (site.accepted == 0) missing.push_back(name);
  tell(EventKind::kFinished, -1, "", {{"rounds", static_cast<double>(settings_.rounds)}}, {{"missing", join_names(missing)}});
}

void Observer::stopped() { tell(EventKind::kStopped, -1, "", {{"rounds", static_cast<double>(std::min(status().rounds_closed, settings_.rounds))}}); }
void Observer::failed(ErrorCode code) { tell(EventKind::kFailed, -1, "", {}, {{"code", std::string(to_string(code))}}); }

RunStatus Observer::status() const {
  const std::lock_guard lock(guard_);
  return status_;
}

}  // namespace consilium::fl
