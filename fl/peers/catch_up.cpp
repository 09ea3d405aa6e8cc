// How a peer that was away comes to the others' round: the part of AgreedPeer that asks and tells what was missed.
#include <algorithm>
#include <tuple>

#include "fl/peers/agreed_peer.h"

namespace consilium::fl {
namespace {

SharedModel share(const ModelState& model) { return std::make_shared<const ModelState>(model); }

}  // namespace

void AgreedPeer::answer(const PeerMessage& ask) {
  const RunState& run = record_.run;
  if (ask.round < 0 || ask.round >= run.round) return;
  PeerMessage state{.kind = PeerMessageKind::kState, .to = ask.from, .round = ask.round, .digest = history_};
  state.reports.assign(run.reports.begin() + static_cast<std::ptrdiff_t>(ask.round), run.reports.end());
  // Who has accepted the end of the round, and only does not know that it is decided, needs no weights.
  const bool knows = ask.round + 1 == run.round && !last_outcome_.empty() && last_outcome_ == ask.digest;
  if (!knows) state.weights = {share(run.global), share(run.memory.m), share(run.memory.v), share(record_.best)};
  post_.post_once(std::move(state));
}

void AgreedPeer::catch_up(const PeerMessage& m, double now) {
  RunState& run = record_.run;
  if (m.round != run.round || m.reports.empty() || run.round + static_cast<std::int64_t>(m.reports.size()) > end_) return;
  std::vector<RoundReport> reports = run.reports;
  reports.insert(reports.end(), m.reports.begin(), m.reports.end());
  std::string base = global_digest_;
  for (std::size_t n = run.reports.size(); n < reports.size(); ++n) {
    if (reports[n].round != static_cast<std::int64_t>(n) || reports[n].base_digest != base) return tell("!" + m.from + " tells a history that does not fit this peer's own");
    base = reports[n].result_digest;
  }
  if (m.weights.empty()) {
    if (reports.size() != run.reports.size() + 1 || record_.accepted_view < 0 || !(record_.accepted.report == reports.back())) return;
    last_outcome_ = accepted_digest_;
    apply(run, record_.best, settings_.rounds, std::move(record_.accepted));
    return open_round(now);
  }
  if (m.weights.size() != 4 || std::any_of(m.weights.begin(), m.weights.end(), [](const SharedModel& w) { return w == nullptr; })) return;
  double best_validation = -1;
  const std::int64_t best_round = best_round_of(reports, settings_.rounds, best_validation);
  const auto& [global, first, second, best] = std::tie(*m.weights[0], *m.weights[1], *m.weights[2], *m.weights[3]);
  const std::string best_digest = best_round < static_cast<std::int64_t>(reports.size()) ? reports[static_cast<std::size_t>(best_round)].base_digest : base;
  if (digest(global) != base || digest(best) != best_digest) return tell("!" + m.from + " sends a model that its own history does not name");
  last_outcome_.clear();
  tell("caught up from round " + std::to_string(run.round + 1) + " to round " + std::to_string(reports.size() + 1) + " by " + m.from);
  run = {.round = static_cast<std::int64_t>(reports.size()), .global = global, .best_round = best_round, .best_validation = best_validation, .memory = {first, second}, .reports = std::move(reports)};
  record_.best = best;
  open_round(now);
}

}  // namespace consilium::fl
