#include "fl/peers/gossip.h"

#include <algorithm>

#include "base/error.h"
#include "fl/aggregate/fedavg.h"

namespace consilium::fl {
namespace {

bool is_fit(const SharedModel& model, const ModelState& layout) {
  if (!model) return false;
  try {
    require_fit(*model, layout);
  } catch (const Error&) {  // one bad model is the neighbour's failure
    return false;
  }
  return true;
}

}  // namespace

GossipPeer::GossipPeer(PeerSettings settings, std::string name, PeerRecord record, double now) : Peer(std::move(settings), std::move(name), std::move(record), now), started_(record_.run.round), opened_(now) {
  const MixingMatrix matrix = metropolis_weights(settings_.peers, settings_.links.empty() ? ring_links(settings_.peers) : settings_.links);
  const auto own = std::find(settings_.peers.begin(), settings_.peers.end(), this->name()) - settings_.peers.begin();
  for (std::size_t j = 0; j < settings_.peers.size(); ++j)
    if (const double weight = matrix[static_cast<std::size_t>(own)][j]; weight > 0) weights_[settings_.peers[j]] = weight;
}

bool GossipPeer::on_message(const PeerMessage& m, double now) {
  const std::int64_t round = record_.run.round;
  if (!weights_.contains(m.from)) return true;
  // What a peer sent before it was killed it cannot repeat: a neighbour that may still wait for it gets the model that came of it.
  const bool waits_in_vain = m.kind == PeerMessageKind::kAlive && m.round < started_ && m.round < round;
  if (m.kind == PeerMessageKind::kAsk || waits_in_vain)
    post_.post_once({.kind = PeerMessageKind::kState, .to = m.from, .round = round, .weights = {std::make_shared<const ModelState>(record_.run.global)}});
  if (m.kind == PeerMessageKind::kAlive) {
    rounds_[m.from] = m.round;
    if (is_behind(m.round)) post_.post_once({.kind = PeerMessageKind::kAsk, .to = m.from, .round = round});
    advance(now);
  }
  if (m.kind == PeerMessageKind::kModel && m.round > round + 1) return false;
  const bool behind = m.kind == PeerMessageKind::kState && m.round > round && m.round <= end_;
  if (!behind && (m.kind != PeerMessageKind::kModel || m.round < round || m.round >= settings_.rounds)) return true;
  if (m.weights.size() != 1 || (!behind && !m.update) || !is_fit(m.weights[0], record_.run.global)) {
    tell("!" + m.from + " sent a model that does not fit");
    return true;
  }
  if (behind) {
    tell("!the neighbours are in round " + std::to_string(m.round + 1) + " already: this peer takes the model of " + m.from);
    open_round(m.round, *m.weights[0], now);
    return true;
  }
  heard_[m.round].try_emplace(m.from, Heard{m.weights[0], *m.update});
  advance(now);
  // What is heard is not in the record before the round is over: acknowledged sooner, it would be lost with a kill, and its sender would never say it again.
  return m.round < record_.run.round;
}

void GossipPeer::on_tick(double now) { advance(now); }

std::optional<PeerWork> GossipPeer::next_work(double) {
  if (!ready_to_train_ || update_) return std::nullopt;
  ready_to_train_ = false;
  return PeerWork{plan(record_.run.round), &record_.run.global};
}

void GossipPeer::on_trained(Update update, double now) {
  ready_to_train_ = true;
  if (update.round != record_.run.round) return tell("!round " + std::to_string(update.round + 1) + " went on without this site: its training is dropped");
  ModelState model = record_.run.global;
  try {
    require_valid(update, record_.run.global, record_.run.round, global_digest_);
    model = fed_avg(record_.run.global, std::vector{update});
  } catch (const Error& error) {  // a site whose training went wrong passes on what it had
    tell("!" + std::string(error.what()));
  }
  trained_ = std::make_shared<const ModelState>(std::move(model));
  update_ = std::move(update);
  update_->delta = {};
  if (!plan(record_.run.round).is_last_look())
    for (const auto& [peer, weight] : weights_)
      if (peer != name()) post_.post({.kind = PeerMessageKind::kModel, .to = peer, .round = record_.run.round, .update = *update_, .weights = {trained_}}, now);
  advance(now);
}

void GossipPeer::advance(double now) {
  if (is_finished() || !update_) return;
  const std::int64_t round = record_.run.round;
  const bool last_look = plan(round).is_last_look();
  for (const auto& [peer, weight] : weights_)
    if (!last_look && peer != name() && !heard_[round].contains(peer) && !is_behind(rounds_[peer]) && post_.is_live(peer, now) && now < opened_ + settings_.deadline_seconds) return;
  Outcome outcome{report_of_round(now), last_look ? record_.run.global : mixed(), {}};
  outcome.report.result_digest = digest(outcome.global);
  RoundReport report = outcome.report;
  ModelState next = std::move(outcome.global);
  if (report.validation_cases > 0 && report.validation > record_.run.best_validation) {
    record_.run.best_validation = report.validation;
    record_.run.best_round = round;
    record_.best = record_.run.global;
  }
  if (record_.run.best_validation < 0) {
    record_.best = next;
    record_.run.best_round = std::min(round + 1, settings_.rounds);
  }
  record_.run.reports.push_back(std::move(report));
  open_round(round + 1, std::move(next), now);
}

ModelState GossipPeer::mixed() const {
  const auto& heard = heard_.at(record_.run.round);
  ModelState result = record_.run.global;
  std::vector<double> sum;
  for (std::size_t t = 0; t < result.tensors.size(); ++t) {
    sum.assign(result.tensors[t].values.size(), 0);
    for (const auto& [peer, weight] : weights_) {
      const auto found = heard.find(peer);
      const std::vector<float>& values = (found == heard.end() ? *trained_ : *found->second.model).tensors[t].values;
      for (std::size_t n = 0; n < sum.size(); ++n) sum[n] += weight * static_cast<double>(values[n]);
    }
    for (std::size_t n = 0; n < sum.size(); ++n) result.tensors[t].values[n] = static_cast<float>(sum[n]);
  }
  return result;
}

RoundReport GossipPeer::report_of_round(double now) const {
  RoundReport report{.round = record_.run.round, .base_digest = global_digest_, .result_digest = "", .validation = update_->validation.score, .validation_cases = update_->validation.cases, .sites = {}};
  const auto add = [&](const std::string& peer, const Update& update) {
    SiteOutcome site{peer, Participation::kAccepted, "", 0, update.validation, update.metrics};
    for (const auto& [group, cases] : update.cases_per_group) site.cases = std::max(site.cases, cases);
    report.sites.push_back(std::move(site));
  };
  const auto heard = heard_.find(record_.run.round);
  for (const auto& [peer, weight] : weights_) {
    if (peer == name()) {
      add(peer, *update_);
    } else if (heard != heard_.end() && heard->second.contains(peer)) {
      add(peer, heard->second.at(peer).update);
    } else if (!plan(report.round).is_last_look()) {
      report.sites.push_back({peer, Participation::kLate, post_.is_live(peer, now) ? "nothing came before the deadline" : "was not heard of", 0, {}, {}});
    }
  }
  return report;
}

void GossipPeer::open_round(std::int64_t round, ModelState model, double now) {
  record_.run.global = std::move(model);
  record_.run.round = round;
  global_digest_ = digest(record_.run.global);
  update_.reset();
  trained_.reset();
  opened_ = now;
  changed();
  post_.forget_before(std::min(round, settings_.rounds) - 1, 0);  // a neighbour may still lack the last model that was sent
  std::erase_if(heard_, [&](const auto& entry) { return entry.first < round; });
  heard_[round];
}

}  // namespace consilium::fl
