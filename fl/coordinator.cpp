#include "fl/coordinator.h"

#include <algorithm>

#include "base/error.h"

namespace consilium::fl {

Coordinator::Coordinator(FederationSettings settings, ModelState initial, double now) : settings_(std::move(settings)), opened_(now) {
  validate(settings_);
  std::sort(settings_.sites.begin(), settings_.sites.end());
  state_.global = std::move(initial);
  global_digest_ = digest(state_.global);
}

Coordinator::Coordinator(FederationSettings settings, RunState state, double now) : settings_(std::move(settings)), state_(std::move(state)), opened_(now) {
  validate(settings_);
  std::sort(settings_.sites.begin(), settings_.sites.end());
  require(state_.round >= 0 && state_.round <= settings_.rounds + 1, ErrorCode::kMismatch, "the run has more rounds than its settings allow");
  global_digest_ = digest(state_.global);
}

RoundPlan Coordinator::plan() const {
  require(!is_finished(), ErrorCode::kUnexpected, "a finished federation has no plan");
  return {state_.round, settings_.rounds, global_digest_, settings_.task};
}

Receipt Coordinator::receive(const std::string& site, Update update) {
  require(std::binary_search(settings_.sites.begin(), settings_.sites.end(), site), ErrorCode::kRefused, "site \"" + site + "\" does not belong to this federation");
  if (is_finished() || update.round < state_.round) return {ReceiptKind::kStale, "round " + std::to_string(update.round) + " is closed"};
  if (accepted_.contains(site)) return {ReceiptKind::kDuplicate, ""};
  update.site = site;  // the certificate decides, not the message
  try {
    require_valid(update, state_.global, state_.round, global_digest_);
    require(state_.round < settings_.rounds || UpdateWeights(update).size() == 0, ErrorCode::kMismatch, "update of site \"" + site + "\": the last look takes no weights");
  } catch (const Error& error) {  // one bad update is an outcome of the round, not its end
    return reject(site, error.what());
  }
  rejected_.erase(site);
  accepted_.emplace(site, std::move(update));
  return {};
}

Receipt Coordinator::reject(const std::string& site, const std::string& reason) {
  rejected_[site] = reason;
  return {ReceiptKind::kRejected, reason};
}

std::vector<std::string> Coordinator::waiting_for() const {
  std::vector<std::string> names;
  for (const std::string& site : settings_.sites)
    if (!accepted_.contains(site) && !rejected_.contains(site)) names.push_back(site);
  return names;
}

std::optional<RoundReport> Coordinator::advance(double now) {
  if (is_finished()) return std::nullopt;
  const auto updates = static_cast<std::int64_t>(accepted_.size());
  const bool all = waiting_for().empty(), late = now >= deadline();
  const bool last_look = state_.round == settings_.rounds;  // nothing is averaged: it needs no quorum
  if (!(all || late) || (updates < quorum_of(settings_) && !last_look)) return std::nullopt;
  RoundReport report = close();
  opened_ = now;
  return report;
}

RoundReport Coordinator::close() {
  RoundReport report;
  report.round = state_.round;
  report.base_digest = global_digest_;
  std::vector<Update> updates;
  double score = 0;
  for (const std::string& site : settings_.sites) {
    SiteOutcome outcome{site, Participation::kLate, "nothing came before the round was closed", 0, {}, {}};
    if (const auto found = accepted_.find(site); found != accepted_.end()) {
      const Update& update = found->second;
      outcome = {site, Participation::kAccepted, "", 0, update.validation, update.metrics};
      for (const auto& [group, cases] : update.cases_per_group) outcome.cases = std::max(outcome.cases, cases);
      score += update.validation.score * static_cast<double>(update.validation.cases);
      report.validation_cases += update.validation.cases;
      updates.push_back(update);
    } else if (const auto refused = rejected_.find(site); refused != rejected_.end()) {
      outcome.participation = Participation::kRejected;
      outcome.reason = refused->second;
    }
    report.sites.push_back(std::move(outcome));
  }
  if (report.validation_cases > 0) {
    report.validation = score / static_cast<double>(report.validation_cases);
    if (report.validation > state_.best_validation) {
      state_.best_validation = report.validation;
      state_.best_round = state_.round;
    }
  }
  if (state_.round < settings_.rounds) {
    state_.global = aggregate(settings_.aggregation, state_.global, updates, state_.reports, state_.memory);
    global_digest_ = digest(state_.global);
  }
  report.result_digest = global_digest_;
  ++state_.round;
  if (state_.best_validation < 0) state_.best_round = std::min(state_.round, settings_.rounds);
  state_.reports.push_back(report);
  accepted_.clear();
  rejected_.clear();
  return report;
}

}  // namespace consilium::fl
