#include "fl/report_memory.h"

#include <algorithm>
#include <cmath>

namespace consilium::fl {
namespace {

/// Outcomes of a site in later rounds.
struct Known {
  std::size_t with_cases = 0, accepted = 0, with_loss = 0;
};

bool has_loss(const SiteOutcome& outcome) { return outcome.participation == Participation::kAccepted && loss_in(outcome.metrics).has_value(); }

bool is_told_later(const SiteOutcome& outcome, const Known& later) {
  if (outcome.cases > 0 && later.with_cases == 0) return false;
  if (outcome.participation == Participation::kAccepted && later.accepted == 0) return false;
  return !has_loss(outcome) || later.with_loss >= kRememberedLosses;
}

}  // namespace

std::optional<double> loss_in(const std::map<std::string, double>& metrics) {
  const auto found = metrics.find("loss");
  if (found == metrics.end() || !std::isfinite(found->second) || found->second < 0) return std::nullopt;
  return found->second;
}

void shorten(RoundReport& report) {
  for (SiteOutcome& outcome : report.sites) {
    outcome.reason = {};
    outcome.commitment = {};
    std::erase_if(outcome.metrics, [](const auto& metric) { return metric.first != "loss" && metric.first != "seconds"; });
  }
}

void forget_outcomes(std::vector<RoundReport>& reports, std::size_t which, std::size_t window) {
  std::map<std::string, Known> later;
  for (std::size_t n = which + 1; n < std::min(reports.size(), which + 1 + window); ++n)
    for (const SiteOutcome& outcome : reports[n].sites) {
      Known& known = later[outcome.site];
      known.with_cases += outcome.cases > 0 ? 1 : 0;
      known.accepted += outcome.participation == Participation::kAccepted ? 1 : 0;
      known.with_loss += has_loss(outcome) ? 1 : 0;
    }
  auto& sites = reports.at(which).sites;
  std::erase_if(sites, [&](const SiteOutcome& outcome) { return is_told_later(outcome, later[outcome.site]); });
  sites.shrink_to_fit();
}

}  // namespace consilium::fl
