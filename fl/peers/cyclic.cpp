#include "fl/peers/cyclic.h"

#include <algorithm>

#include "base/error.h"
#include "fl/aggregate/fedavg.h"

namespace consilium::fl {

CyclicPeer::CyclicPeer(PeerSettings settings, std::string name, PeerRecord record, double now) : Peer(std::move(settings), std::move(name), std::move(record), now) {
  end_ = (settings_.rounds + 1) * static_cast<std::int64_t>(settings_.peers.size());
}

PeerMessage CyclicPeer::alive() const { return {.kind = PeerMessageKind::kAlive, .round = record_.run.round, .view = record_.view}; }

bool CyclicPeer::on_message(const PeerMessage& m, double now) {
  if (m.kind == PeerMessageKind::kAlive) {
    progress_[m.from] = 2 * m.round + (m.view == 1 ? 1 : 0);
    if (is_finished() && m.round < end_) post_.post({.kind = PeerMessageKind::kToken, .to = m.from, .round = end_, .reports = record_.run.reports, .weights = {std::make_shared<const ModelState>(record_.run.global)}}, now);
    return true;
  }
  if (m.kind != PeerMessageKind::kToken || m.weights.size() != 1 || !m.weights[0] || m.round > end_ || m.round < 0) return true;
  const bool mine = m.round == end_ || site_of(m.round) == name();
  if (!mine || 2 * m.round + 1 <= progress()) return true;
  try {
    require_fit(*m.weights[0], record_.run.global);
  } catch (const Error& error) {  // the others' trouble: this peer keeps what it has
    tell("!" + m.from + " hands on another model: " + error.what());
    return true;
  }
  take(m.round, m.reports, *m.weights[0]);
  return true;
}

void CyclicPeer::take(std::int64_t turn, std::vector<RoundReport> reports, ModelState model) {
  record_.run.round = turn;
  record_.run.reports = std::move(reports);
  record_.best = model;
  record_.run.best_round = std::min(turn / static_cast<std::int64_t>(settings_.peers.size()), settings_.rounds);
  record_.run.global = std::move(model);
  record_.view = turn < end_ ? 1 : 0;
  global_digest_ = digest(record_.run.global);
  changed();
}

bool CyclicPeer::is_furthest(double now) const {
  for (const std::string& peer : settings_.peers) {
    if (peer == name() || !post_.is_live(peer, now)) continue;
    const auto known = progress_.find(peer);
    if (known == progress_.end()) return false;  // it will say, or fall silent
    if (std::pair(known->second, name()) > std::pair(progress(), peer)) return false;
  }
  return true;
}

void CyclicPeer::on_tick(double now) {
  if (!is_finished() && !holds() && is_furthest(now)) pass_on(now);
}

void CyclicPeer::pass_on(double now) {
  std::vector<RoundReport> reports = record_.run.reports;
  std::int64_t turn = record_.run.round;
  std::vector<std::string> skipped;
  for (; turn < end_ && !post_.is_live(site_of(turn), now); ++turn) {
    note(reports, turn, {site_of(turn), Participation::kLate, "was not heard of when its turn came", 0, {}, {}}, global_digest_, global_digest_);
    skipped.push_back(site_of(turn));
  }
  // Who hears no majority is himself the one who is cut off.
  const auto live = std::count_if(settings_.peers.begin(), settings_.peers.end(), [&](const std::string& peer) { return post_.is_live(peer, now); });
  if (!skipped.empty() && 2 * live <= static_cast<std::ptrdiff_t>(settings_.peers.size())) return;
  const std::string next = turn < end_ ? site_of(turn) : name();
  if (sent_ == std::pair(turn, next)) return;  // the postbox repeats it
  sent_ = {turn, next};
  for (const std::string& site : skipped) tell("!" + site + " does not answer and is skipped");
  if (next == name()) return take(turn, std::move(reports), record_.run.global);
  post_.forget_before(turn, 0);
  post_.post({.kind = PeerMessageKind::kToken, .to = next, .round = turn, .reports = std::move(reports), .weights = {std::make_shared<const ModelState>(record_.run.global)}}, now);
}

std::optional<PeerWork> CyclicPeer::next_work(double) {
  if (!holds()) return std::nullopt;
  return PeerWork{plan_of(record_.run.round), &record_.run.global};
}

void CyclicPeer::on_trained(Update update, double now) {
  const RoundPlan expected = plan_of(record_.run.round);
  if (!holds() || update.round != expected.round || update.base_digest != global_digest_) return tell("!the model went on while this site trained: its training is dropped");
  SiteOutcome site{name(), Participation::kAccepted, "", 0, update.validation, update.metrics};
  for (const auto& [group, cases] : update.cases_per_group) site.cases = std::max(site.cases, cases);
  const std::string before = global_digest_;
  try {
    require_valid(update, record_.run.global, expected.round, global_digest_);
    record_.run.global = fed_avg(record_.run.global, std::vector{std::move(update)});
    global_digest_ = digest(record_.run.global);
  } catch (const Error& error) {  // the model goes on as it came
    site.participation = Participation::kRejected;
    site.reason = error.what();
    tell("!" + site.reason);
  }
  note(record_.run.reports, record_.run.round, std::move(site), before, global_digest_);
  record_.best = record_.run.global;
  record_.view = 0;
  ++record_.run.round;
  record_.run.best_round = std::min(record_.run.round / static_cast<std::int64_t>(settings_.peers.size()), settings_.rounds);
  changed();
  if (!is_finished() && is_furthest(now)) pass_on(now);
}

void CyclicPeer::note(std::vector<RoundReport>& reports, std::int64_t turn, SiteOutcome outcome, const std::string& before, const std::string& after) const {
  const std::int64_t pass = turn / static_cast<std::int64_t>(settings_.peers.size());
  if (reports.empty() || reports.back().round < pass) reports.push_back({.round = pass, .base_digest = before, .result_digest = before, .sites = {}});
  RoundReport& report = reports.back();
  report.result_digest = after;
  const double score = report.validation * static_cast<double>(report.validation_cases) + outcome.validation.score * static_cast<double>(outcome.validation.cases);
  report.validation_cases += outcome.validation.cases;
  if (report.validation_cases > 0) report.validation = score / static_cast<double>(report.validation_cases);
  report.sites.push_back(std::move(outcome));
}

}  // namespace consilium::fl
