#include "fl/aggregate/cost_weights.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "fl/report_memory.h"

namespace consilium::fl {
namespace {

/// A site's losses of the rounds it took part in, newest first.
std::vector<double> losses_of(const std::string& site, std::span<const RoundReport> history) {
  std::vector<double> losses;
  for (auto report = history.rbegin(); report != history.rend() && losses.size() < kRememberedLosses; ++report)
    for (const SiteOutcome& outcome : report->sites)
      if (outcome.site == site && outcome.participation == Participation::kAccepted)
        if (const auto loss = loss_in(outcome.metrics)) losses.push_back(*loss);
  return losses;
}

std::int64_t cases_of(const Update& update) {
  std::int64_t most = 0;
  for (const auto& [group, cases] : update.cases_per_group) most = std::max(most, cases);
  return most;
}

double progress(CostRule rule, double before, double now) {
  if (rule == CostRule::kFedPidAvg) return std::max(0.0, before - now);
  return now > 0 ? before / now : 0;
}

}  // namespace

CostWeightSettings defaults_of(CostRule rule) { return rule == CostRule::kFedPidAvg ? CostWeightSettings{0.45, 0.45, 0.1} : CostWeightSettings{}; }

SiteWeights cost_weights(CostRule rule, const CostWeightSettings& settings, std::span<const Update> updates, std::span<const RoundReport> history) {
  struct Term {
    double share;
    SiteWeights of;
  };
  Term cases{settings.cases, {}}, progresses{settings.progress, {}}, sums{settings.history, {}};
  bool every_loss = true;
  for (const Update& update : updates) {
    cases.of[update.site] = static_cast<double>(cases_of(update));
    const auto now = loss_in(update.metrics);
    std::vector<double> losses = losses_of(update.site, history);
    if (!now || losses.empty()) {
      every_loss = false;
      continue;
    }
    progresses.of[update.site] = progress(rule, losses.front(), *now);
    losses.insert(losses.begin(), *now);
    losses.resize(std::min(losses.size(), kRememberedLosses));
    double sum = 0;
    for (const double loss : losses) sum += loss;
    sums.of[update.site] = sum;
  }
  SiteWeights weights;
  double shares = 0;
  for (const Term* term : {&cases, &progresses, &sums}) {
    if (term != &cases && !every_loss) continue;
    double total = 0;
    for (const auto& [site, value] : term->of) total += value;
    if (total <= 0 || !std::isfinite(total) || term->share == 0) continue;
    shares += term->share;
    for (const auto& [site, value] : term->of) weights[site] += term->share * value / total;
  }
  if (shares == 0) {  // shares of losses alone, in a round without losses
    double total = 0;
    for (const auto& [site, value] : cases.of) total += value;
    if (total == 0) return {};
    weights = cases.of;
    shares = total;
  }
  for (auto& [site, weight] : weights) weight /= shares;
  return weights;
}

}  // namespace consilium::fl
