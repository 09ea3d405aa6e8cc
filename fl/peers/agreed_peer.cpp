#include "fl/peers/agreed_peer.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace consilium::fl {
namespace {

constexpr std::int64_t kMostViews = 1000000;

SharedModel shared(ModelState model) { return std::make_shared<const ModelState>(std::move(model)); }

/// Report, global and what the rule remembers, as a message carries them; of a round that changes nothing, the report alone.
void put(const Outcome& outcome, PeerMessage& message) {
  message.reports = {outcome.report};
  if (outcome.report.result_digest == outcome.report.base_digest) return;
  message.weights = {shared(outcome.global), shared(outcome.memory.m), shared(outcome.memory.v)};
}

std::optional<Outcome> outcome_in(const PeerMessage& message, const RunState& run) {
  if (message.reports.size() == 1 && message.weights.empty()) return Outcome{message.reports[0], run.global, run.memory};
  if (message.reports.size() != 1 || message.weights.size() != 3) return std::nullopt;
  for (const SharedModel& model : message.weights)
    if (!model) return std::nullopt;
  return Outcome{message.reports[0], *message.weights[0], {*message.weights[1], *message.weights[2]}};
}

/// Does it end this round, and is it the model that its report names?
bool fits(const Outcome& outcome, std::int64_t round, const std::string& base_digest, const ModelState& layout) {
  if (outcome.report.round != round || outcome.report.base_digest != base_digest || digest(outcome.global) != outcome.report.result_digest) return false;
  try {
    require_fit(outcome.global, layout);
  } catch (const Error&) {  // the sender's failure, which the caller tells
    return false;
  }
  return true;
}

Update without_delta(Update update) {
  update.delta = {};
  return update;
}

}  // namespace

AgreedPeer::AgreedPeer(PeerSettings settings, std::string name, PeerRecord record, double now)
    : Peer(std::move(settings), std::move(name), std::move(record), now), history_(history_digest(record_.run.reports, global_digest_)), round_opened_(now), view_opened_(now) {
  if (record_.accepted_view >= 0) accepted_digest_ = digest(record_.accepted);
}

PeerMessage AgreedPeer::alive() const {
  PeerMessage message = Peer::alive();
  message.digest = history_;
  return message;
}

bool AgreedPeer::on_message(const PeerMessage& m, double now) {
  const std::int64_t round = record_.run.round;
  if (m.kind == PeerMessageKind::kAsk) answer(m);
  if (m.kind == PeerMessageKind::kState) catch_up(m, now);
  if (m.kind == PeerMessageKind::kAlive && m.round > round && now - asked_ >= post_.liveness_seconds() / 8) {
    asked_ = now;
    post_.post_once({.kind = PeerMessageKind::kAsk, .to = m.from, .round = round, .digest = accepted_digest_});
  }
  if (m.round > round) return false;
  if (m.round < round || is_finished() || m.view < 0 || m.view > kMostViews || m.kind == PeerMessageKind::kAsk || m.kind == PeerMessageKind::kState) return true;
  if (m.kind == PeerMessageKind::kAlive && m.digest == history_) others_.erase(m.from);
  if (m.kind == PeerMessageKind::kAlive && m.digest != history_ && others_.insert(m.from).second)
    tell("!" + m.from + " has another history in round " + std::to_string(round + 1) + " than this peer: does it belong to this federation?");
  if (others_.contains(m.from)) return true;
  if (m.kind == PeerMessageKind::kAccepted) {  // counts in its own view, whatever view the others are in by now
    auto& vote = votes_.try_emplace(m.from, -1, "").first->second;
    vote = std::max(vote, {m.view, m.digest});
    decide(now);
    return true;
  }
  if (m.view > record_.view) next_view(m.view, m.from + " is there already", now);
  if (m.view < record_.view || m.round < record_.run.round) return true;
  if (m.kind == PeerMessageKind::kReady) take_ready(m, now);
  else if (m.kind == PeerMessageKind::kProposal) take_proposal(m, now);
  else on_own_message(m, now);
  return true;
}

void AgreedPeer::on_tick(double now) {
  if (is_finished()) return;
  if (!ready_.contains(name())) send_ready(now);
  if (!is_with_us(leader(), now)) {
    std::int64_t view = record_.view + 1;
    while (!is_with_us(leader_of(settings_.peers, record_.run.round, view), now)) ++view;
    next_view(view, leader() + " does not answer", now);
  }
  // A leader that is alive and yet gets nowhere. Each view is given longer than the one before, so that one of them is long enough.
  const double patience = 4 * post_.liveness_seconds() * static_cast<double>(1 + record_.view);
  if (now > std::max(view_opened_, round_opened_ + settings_.deadline_seconds) + patience) next_view(record_.view + 1, "nothing comes of it", now);
  on_own_tick(now);
  lead(now);
}

std::optional<PeerWork> AgreedPeer::next_work(double) {
  if (!ready_to_train_ || update_) return std::nullopt;
  ready_to_train_ = false;
  return PeerWork{plan(record_.run.round), &record_.run.global};
}

void AgreedPeer::on_trained(Update update, double now) {
  ready_to_train_ = true;
  const std::int64_t late = record_.run.round - update.round;
  if (is_finished()) return;
  if (late != 0) {
    const bool merged = late == 1 && settings_.late == LateUpdates::kMerge && !update.delta.tensors.empty() && !plan(record_.run.round).is_last_look();
    if (!merged) return tell("!round " + std::to_string(update.round + 1) + " was closed " + std::to_string(late) + " rounds ago: this site's update is refused");
    for (NamedTensor& tensor : update.delta.tensors)
      for (float& value : tensor.values) value *= static_cast<float>(staleness_discount(1));
    update.round = record_.run.round;
    update.base_digest = global_digest_;
    update.validation = {};  // of the model before
    update.metrics["staleness"] = 1;
    tell("!round " + std::to_string(update.round) + " was closed without this site: its update counts in round " + std::to_string(update.round + 1));
  }
  update_ = std::move(update);
  try {
    require_valid(*update_, record_.run.global, record_.run.round, global_digest_);
  } catch (const Error& error) {  // an update that nobody can use is an outcome of the round
    blame(name(), error.what());
    update_->delta = {};
    tell("!" + std::string(error.what()));
  }
  send_ready(now);
}

void AgreedPeer::send_ready(double now) {
  PeerMessage message{.kind = PeerMessageKind::kReady, .to = leader(), .round = record_.run.round, .view = record_.view, .part = update_ ? 1 : 0, .accepted_view = record_.accepted_view, .blamed = blamed_};
  if (update_) {
    message.update = without_delta(*update_);
    if (sends_weights()) message.delta = shared(update_->delta);
  }
  if (record_.accepted_view >= 0) put(record_.accepted, message);
  message.from = name();
  if (leader() == name()) return take_ready(message, now);
  ready_[name()] = {};  // said; the leader holds what matters
  post_.post(std::move(message), now);
}

void AgreedPeer::take_ready(const PeerMessage& m, double now) {
  if (leader() != name()) return;
  Ready& ready = ready_[m.from];
  if (ready.update && !m.update) return;  // an earlier word that comes late
  ready.blamed = m.blamed;
  if (m.update) {
    ready.update = *m.update;
    ready.update->site = m.from;
    if (sends_weights() && m.delta) ready.update->delta = *m.delta;
  }
  ready.accepted_view = m.accepted_view;
  if (m.accepted_view >= 0) {
    auto outcome = outcome_in(m, record_.run);
    if (!outcome || !fits(*outcome, record_.run.round, global_digest_, record_.run.global)) {
      ready_.erase(m.from);  // a promise that hides what it binds to is none
      return tell("!" + m.from + " reports an outcome of another round or model");
    }
    ready.accepted = std::move(outcome);
  }
  lead(now);
}

void AgreedPeer::lead(double now) {
  if (is_finished() || proposed_ || leader() != name()) return;
  const auto quorum = static_cast<std::size_t>(quorum_of(settings_));
  if (ready_.size() < quorum) return;
  const Ready* accepted = nullptr;
  std::map<std::string, std::string> blamed;
  std::size_t updates = 0;
  bool all = true;
  for (const auto& [peer, ready] : ready_) {
    if (ready.accepted && (accepted == nullptr || ready.accepted_view > accepted->accepted_view)) accepted = &ready;
    for (const auto& [site, why] : ready.blamed) blamed.emplace(site, why);
  }
  if (accepted != nullptr) return propose(*accepted->accepted, now);
  for (const std::string& peer : settings_.peers) {
    const auto found = ready_.find(peer);
    const bool answered = found != ready_.end() && found->second.update.has_value();
    if (answered) ++updates;
    all = all && (answered || !is_with_us(peer, now));
  }
  if (updates < quorum || !(all || now >= round_opened_ + settings_.deadline_seconds)) return;
  proposed_ = true;
  RoundReport report = make_report(blamed, now);
  std::vector<Update> taken;
  for (const SiteOutcome& site : report.sites)
    if (takes_part(site)) taken.push_back(*ready_.at(site.site).update);
  if (!plan(report.round).is_last_look()) return close(std::move(report), std::move(taken), now);
  report.result_digest = global_digest_;
  propose({std::move(report), record_.run.global, record_.run.memory}, now);
}

RoundReport AgreedPeer::make_report(const std::map<std::string, std::string>& blamed, double now) const {
  RoundReport report{.round = record_.run.round, .base_digest = global_digest_, .result_digest = "", .sites = {}};
  double score = 0;
  for (const std::string& peer : settings_.peers) {
    SiteOutcome site{peer, Participation::kLate, post_.is_live(peer, now) ? "nothing came before the round was closed" : "was not heard of for " + std::to_string(std::llround(post_.liveness_seconds())) + " s", 0, {}, {}};
    const auto found = ready_.find(peer);
    if (found != ready_.end() && found->second.update) {
      const Update& update = *found->second.update;
      try {
        if (const auto why = blamed.find(peer); why != blamed.end()) throw Error(ErrorCode::kCorruptData, why->second);
        require_valid(update, record_.run.global, record_.run.round, global_digest_);
        require(!plan(report.round).is_last_look() || update.delta.tensors.empty(), ErrorCode::kMismatch, "the last look takes no weights");
        site = {peer, Participation::kAccepted, "", 0, update.validation, update.metrics};
        if (update.metrics.contains("staleness")) site.participation = Participation::kMerged;
        for (const auto& [group, cases] : update.cases_per_group) site.cases = std::max(site.cases, cases);
        score += update.validation.score * static_cast<double>(update.validation.cases);
        report.validation_cases += update.validation.cases;
      } catch (const Error& error) {  // one bad update is an outcome of the round, not its end
        site.participation = Participation::kRejected;
        site.reason = error.what();
      }
    }
    report.sites.push_back(std::move(site));
  }
  if (report.validation_cases > 0) report.validation = score / static_cast<double>(report.validation_cases);
  return report;
}

void AgreedPeer::propose(Outcome outcome, double now) {
  proposed_ = true;
  PeerMessage message{.kind = PeerMessageKind::kProposal, .round = record_.run.round, .view = record_.view};
  put(outcome, message);
  post_.post_to_others(message, now);
  accept(std::move(outcome), now);
}

void AgreedPeer::take_proposal(const PeerMessage& m, double now) {
  if (m.from != leader() || record_.accepted_view == m.view) return;
  auto outcome = outcome_in(m, record_.run);
  if (!outcome || !fits(*outcome, record_.run.round, global_digest_, record_.run.global)) return tell("!" + m.from + " proposes an end that does not belong to round " + std::to_string(record_.run.round + 1));
  accept(std::move(*outcome), now);
}

void AgreedPeer::accept(Outcome outcome, double now) {
  accepted_digest_ = digest(outcome);
  record_.accepted_view = record_.view;
  record_.accepted = std::move(outcome);
  changed();
  post_.post_to_others({.kind = PeerMessageKind::kAccepted, .round = record_.run.round, .view = record_.view, .digest = accepted_digest_}, now);
  votes_[name()] = {record_.view, accepted_digest_};
  decide(now);
}

void AgreedPeer::decide(double now) {
  const auto quorum = static_cast<std::size_t>(quorum_of(settings_));
  // Without the accepted model itself the others' next kAlive leads to it.
  std::map<std::pair<std::int64_t, std::string>, std::size_t> counts;
  for (const auto& [peer, vote] : votes_) ++counts[vote];
  const bool decided = std::any_of(counts.begin(), counts.end(), [&](const auto& count) { return count.first.second == accepted_digest_ && count.second >= quorum; });
  if (record_.accepted_view < 0 || !decided) return;
  last_outcome_ = accepted_digest_;
  apply(record_.run, record_.best, settings_.rounds, std::move(record_.accepted));
  open_round(now);
}

void AgreedPeer::open_round(double now) {
  record_.view = 0;
  record_.accepted_view = -1;
  record_.accepted = {};
  global_digest_ = digest(record_.run.global);
  history_ = history_digest(record_.run.reports, global_digest_);
  changed();
  post_.forget_before(record_.run.round, 0);
  ready_.clear();
  votes_.clear();
  blamed_.clear();
  update_.reset();
  accepted_digest_.clear();
  proposed_ = false;
  round_opened_ = view_opened_ = now;
  on_view();
}

void AgreedPeer::next_view(std::int64_t view, const std::string& why, double now) {
  tell("!round " + std::to_string(record_.run.round + 1) + ": " + why + "; " + leader_of(settings_.peers, record_.run.round, view) + " leads on");
  record_.view = view;
  changed();
  post_.forget_before(record_.run.round, view);
  ready_.clear();
  proposed_ = false;
  view_opened_ = now;
  on_view();
  send_ready(now);
}

}  // namespace consilium::fl
