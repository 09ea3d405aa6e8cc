#include "fl/selection.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/error.h"
#include "base/rng.h"

namespace consilium::fl {
namespace {

const std::vector<std::pair<std::string, SelectionRule>> kRules{
    {"all", SelectionRule::kAll}, {"random", SelectionRule::kRandom}, {"largest", SelectionRule::kLargest}, {"fastest", SelectionRule::kFastest}, {"loss", SelectionRule::kLoss}};

/// The newest round in which the site's update counted.
const SiteOutcome* last_part(const std::string& site, std::span<const RoundReport> history) {
  for (auto report = history.rbegin(); report != history.rend(); ++report)
    for (const SiteOutcome& outcome : report->sites)
      if (outcome.site == site && outcome.participation == Participation::kAccepted) return &outcome;
  return nullptr;
}

/// Higher comes first.
double rank(SelectionRule rule, const SiteOutcome* known) {
  constexpr double kUnknown = std::numeric_limits<double>::infinity();
  if (known == nullptr) return kUnknown;
  if (rule == SelectionRule::kLargest) return static_cast<double>(known->cases);
  const auto metric = known->metrics.find(rule == SelectionRule::kFastest ? "seconds" : "loss");
  if (metric == known->metrics.end()) return kUnknown;
  return rule == SelectionRule::kFastest ? -metric->second : metric->second;
}

std::vector<std::string> draw(const Selection& selection, std::vector<std::string> sites, std::int64_t round, std::size_t count) {
  Rng rng = Rng(selection.seed).fork("selection").fork(static_cast<std::uint64_t>(round));
  for (std::size_t n = 0; n < count; ++n) std::swap(sites[n], sites[n + rng.below(sites.size() - n)]);
  sites.resize(count);
  return sites;
}

}  // namespace

void read_selection(SettingsReader& reader, Selection& s) {
  reader.choice("rule", s.rule, kRules);
  if (s.rule == SelectionRule::kAll) return;
  reader.required("sites", s.sites);
  if (s.rule == SelectionRule::kRandom) reader.field("seed", s.seed);
  else reader.field("all_every", s.all_every);
  require(s.sites >= 1, ErrorCode::kUsage, reader.path() + ".sites: expected at least 1, found " + std::to_string(s.sites));
  require(s.all_every >= 1, ErrorCode::kUsage, reader.path() + ".all_every: expected at least 1, found " + std::to_string(s.all_every));
}

Json to_json(const Selection& s) {
  const auto word = std::find_if(kRules.begin(), kRules.end(), [&](const auto& entry) { return entry.second == s.rule; });
  Json json{{"rule", word->first}};
  if (s.rule == SelectionRule::kAll) return json;
  json["sites"] = s.sites;
  if (s.rule == SelectionRule::kRandom) json["seed"] = s.seed;
  else json["all_every"] = s.all_every;
  return json;
}

std::vector<std::string> select_sites(const Selection& selection, const std::vector<std::string>& sites, std::int64_t round, std::span<const RoundReport> history) {
  const auto count = static_cast<std::size_t>(selection.sites);
  const bool asks_all = selection.rule == SelectionRule::kAll || count >= sites.size() || (selection.rule != SelectionRule::kRandom && round % selection.all_every == 0);
  if (asks_all) return sites;
  std::vector<std::string> chosen;
  if (selection.rule == SelectionRule::kRandom) {
    chosen = draw(selection, sites, round, count);
  } else {
    std::vector<std::pair<double, std::string>> ranked;
    for (const std::string& site : sites) ranked.emplace_back(-rank(selection.rule, last_part(site, history)), site);
    std::sort(ranked.begin(), ranked.end());
    for (std::size_t n = 0; n < count; ++n) chosen.push_back(ranked[n].second);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace consilium::fl
