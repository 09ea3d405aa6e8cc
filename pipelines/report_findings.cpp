#include "pipelines/report_findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "pipelines/report_html.h"

namespace consilium::pipelines {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::string first_of_kind(const RunResults& results, const std::string& kind) {
  const auto found =
      std::find_if(results.models.begin(), results.models.end(), [&](const ModelSummary& m) { return m.kind == kind; });
  return found == results.models.end() ? "" : found->name;
}

/// Mean over regions, or one region's; NaN when the case lacks it.
double dice_of(const CaseResult& c, const std::string& region) {
  double sum = 0;
  int count = 0;
  for (const RegionScore& score : c.regions)
    if (region.empty() || score.region == region) sum += score.dice, ++count;
  return count == 0 ? kNan : sum / count;
}

Interval interval_of(const std::vector<double>& differences, std::uint64_t seed, double confidence) {
  if (differences.size() < 3) return {kNan, kNan};
  if (differences.size() < kFewestForBootstrap) return student_mean_interval(differences, confidence);
  return bootstrap_mean_interval(differences, Rng(seed).fork("report"), confidence);
}

Comparison compare(const RunResults& results, const std::string& model, const std::string& against, const std::string& site,
                   const std::string& region) {
  const std::vector<double> differences = paired_differences(results, model, against, site, region);
  Comparison c{model, against, differences.size(), 0, 0, kNan, {kNan, kNan}, 1, 1};
  if (differences.empty()) return c;
  c.better = static_cast<std::size_t>(std::count_if(differences.begin(), differences.end(), [](double d) { return d > 0; }));
  c.worse = static_cast<std::size_t>(std::count_if(differences.begin(), differences.end(), [](double d) { return d < 0; }));
  c.mean_difference = std::accumulate(differences.begin(), differences.end(), 0.0) / static_cast<double>(differences.size());
  c.interval = interval_of(differences, results.seed, 0.95);
  c.p_value = wilcoxon_signed_rank(differences).p_value;
  c.p_holm = c.p_value;
  return c;
}

void correct(std::vector<Comparison*> comparisons) {
  std::vector<double> p;
  for (const Comparison* c : comparisons) p.push_back(c->p_value);
  const std::vector<double> adjusted = holm(p);
  for (std::size_t n = 0; n < comparisons.size(); ++n) comparisons[n]->p_holm = adjusted[n];
}

std::vector<SiteGain> site_gains(const RunResults& results, const Findings& findings) {
  std::vector<SiteGain> gains;
  for (const SiteSummary& site : results.sites) {
    const MeanScore mean = mean_score(results, findings.federated, site.name, "");
    if (mean.cases == 0) continue;
    SiteGain gain{site.name, own_model_of(results, site.name), mean.cases, mean.dice, kNan, kNan, {}, 0};
    if (!gain.own.empty()) {
      gain.own_dice = mean_score(results, gain.own, site.name, "").dice;
      gain.gain = compare(results, findings.federated, gain.own, site.name, "");
    }
    if (!findings.pooled.empty()) gain.pooled_dice = mean_score(results, findings.pooled, site.name, "").dice;
    gains.push_back(gain);
  }
  std::vector<Comparison*> tested;
  for (SiteGain& gain : gains)
    if (gain.gain.cases > 0) tested.push_back(&gain.gain);
  correct(tested);
  const double confidence = 1 - 0.05 / static_cast<double>(std::max<std::size_t>(tested.size(), 1));
  for (SiteGain& gain : gains) {
    if (gain.own.empty()) continue;
    const auto differences = paired_differences(results, findings.federated, gain.own, gain.site, "");
    const Interval wide = interval_of(differences, results.seed, confidence);
    gain.clear = wide.low > 0 ? 1 : wide.high < 0 ? -1 : 0;
  }
  return gains;
}

std::string interval_text(const Comparison& c) {
  const std::string cases = counted(c.cases, "case");
  if (std::isnan(c.interval.low)) return "(" + cases + ")";
  return fmt::format("(95\u00a0% CI {} to {}, {})", signed_number(c.interval.low), signed_number(c.interval.high), cases);
}

/// "all 3 sites gain", "2 of 3 sites gain, site_b loses 0.012".
std::string sites_sentence(const std::vector<SiteGain>& gains) {
  std::vector<const SiteGain*> judged;
  for (const SiteGain& gain : gains)
    if (gain.gain.cases > 0) judged.push_back(&gain);
  if (judged.size() < 2) return "";
  std::stable_sort(judged.begin(), judged.end(),
                   [](const SiteGain* a, const SiteGain* b) { return a->gain.mean_difference > b->gain.mean_difference; });
  const auto change = [](const SiteGain& g) { return g.site + " (" + signed_number(g.gain.mean_difference) + ")"; };
  const auto gaining = std::count_if(judged.begin(), judged.end(), [](const SiteGain* g) { return g->gain.mean_difference > 0; });
  const auto all = static_cast<std::ptrdiff_t>(judged.size());
  if (gaining == all)
    return fmt::format(" Every site gains: {} most, {} least.", change(*judged.front()), change(*judged.back()));
  if (gaining == 0) return fmt::format(" No site gains; {} loses most.", change(*judged.back()));
  return fmt::format(" {} of {} sites gain, {} most; {} does worst.", gaining, all, change(*judged.front()),
                     change(*judged.back()));
}

/// The federated model beside the best single-site and the pooled model, over all cases.
std::string everywhere_sentence(const RunResults& results, const Findings& findings) {
  const ModelSummary* best = nullptr;
  double most = -1;
  for (const ModelSummary& model : results.models) {
    if (model.kind != "single") continue;
    if (const double dice = mean_score(results, model.name, "", "").dice; dice > most) most = dice, best = &model;
  }
  std::string others;
  if (best != nullptr && results.sites.size() > 1)
    others = fmt::format(", the best single-site model ({}) {}", best->name, number(most, 3));
  const auto pooled = std::find_if(findings.comparisons.begin(), findings.comparisons.end(),
                                   [&](const Comparison& c) { return c.against == findings.pooled && c.cases > 0; });
  if (!findings.pooled.empty() && pooled != findings.comparisons.end())
    others += fmt::format(", a model trained on all sites' images in one place {}, a difference of {} {}",
                          number(mean_score(results, findings.pooled, "", "").dice, 3), signed_number(pooled->mean_difference),
                          interval_text(*pooled));
  const MeanScore all = mean_score(results, findings.federated, "", "");
  return fmt::format(" Over all {} it reaches mean Dice {}{}.", counted(all.cases, "test case"), number(all.dice, 3), others);
}

/// "site_a", "site_a and site_b", "3 of 10 sites".
std::string names_of(const std::vector<std::string>& some, std::size_t all) {
  if (some.size() == 1) return some[0];
  if (some.size() == 2 && all > 2) return some[0] + " and " + some[1];
  return some.size() == all ? "every site" : fmt::format("{} of {} sites", some.size(), all);
}

/// Says no more than the intervals allow.
std::string headline_of(const Findings& findings) {
  std::vector<std::string> helped, hurt;
  for (const SiteGain& gain : findings.sites) {
    if (gain.clear > 0) helped.push_back(gain.site);
    if (gain.clear < 0) hurt.push_back(gain.site);
  }
  const std::size_t all = findings.sites.size();
  if (findings.own->interval.low > 0)
    return hurt.empty() ? "Federation helped" : "Federation helped, but hurt " + names_of(hurt, all);
  if (findings.own->interval.high < 0)
    return helped.empty() ? "Federation hurt" : "Federation hurt, but helped " + names_of(helped, all);
  if (helped.empty() && hurt.empty()) return "Federation made no clear difference";
  if (hurt.empty()) return "Federation helped " + names_of(helped, all) + ", no clear difference over all";
  if (helped.empty()) return "Federation hurt " + names_of(hurt, all) + ", no clear difference over all";
  return "Federation helped " + names_of(helped, all) + " and hurt " + names_of(hurt, all);
}

void judge(const RunResults& results, Findings& findings) {
  if (!findings.own || findings.own->cases == 0) {
    findings.headline = "No site's own model to compare with";
    findings.answer = "No model was trained on one site alone.";
  } else {
    const double d = findings.own->mean_difference;
    findings.headline = headline_of(findings);
    findings.answer = fmt::format(
        "On a site's own test cases the federated model scores {} {} in mean Dice than the model which that site trained alone "
        "{}.",
        number(std::abs(d), 3), d < 0 ? "less" : "more", interval_text(*findings.own));
  }
  findings.answer += sites_sentence(findings.sites) + everywhere_sentence(results, findings);
}

void judge_without_federation(const RunResults& results, Findings& findings) {
  findings.headline = "No federated model in this run";
  const ModelSummary* best = nullptr;
  double most = -1;
  for (const ModelSummary& model : results.models)
    if (const double dice = mean_score(results, model.name, "", "").dice; dice > most) most = dice, best = &model;
  if (best == nullptr) {
    findings.answer = "No case was judged.";
  } else {
    findings.answer = fmt::format("{} scores mean Dice {} over {}", best->name, number(most, 3),
                                  counted(mean_score(results, best->name, "", "").cases, "case"));
    findings.answer += results.models.size() > 1 ? fmt::format(", the most of {} models.", results.models.size()) : ".";
  }
}

}  // namespace

std::string own_model_of(const RunResults& results, const std::string& site) {
  for (const ModelSummary& model : results.models)
    if (model.kind == "single" && model.trained_on == std::vector<std::string>{site}) return model.name;
  return "";
}

std::vector<double> paired_differences(const RunResults& results, const std::string& model, const std::string& against,
                                       const std::string& site, const std::string& region) {
  using Key = std::tuple<std::string, std::string, std::string, int>;
  std::map<Key, double> others;
  for (const CaseResult& c : results.cases)
    if (against.empty() || c.model == against) others[{c.model, c.site, c.name, c.fold}] = dice_of(c, region);
  std::vector<double> differences;
  for (const CaseResult& c : results.cases) {
    if (c.model != model || (!site.empty() && c.site != site)) continue;
    const auto partner = others.find({against.empty() ? own_model_of(results, c.site) : against, c.site, c.name, c.fold});
    if (partner == others.end()) continue;
    if (const double difference = dice_of(c, region) - partner->second; std::isfinite(difference))
      differences.push_back(difference);
  }
  return differences;
}

std::vector<Comparison> compare_federated(const RunResults& results, const std::string& region) {
  std::vector<Comparison> comparisons;
  const std::string federated = first_of_kind(results, "federated");
  if (federated.empty()) return comparisons;
  for (const ModelSummary& model : results.models)
    if (model.name != federated) comparisons.push_back(compare(results, federated, model.name, "", region));
  std::vector<Comparison*> tested;
  for (Comparison& c : comparisons)
    if (c.cases > 0) tested.push_back(&c);
  correct(tested);
  return comparisons;
}

Findings find(const RunResults& results) {
  Findings findings{first_of_kind(results, "federated"), first_of_kind(results, "pooled"), {}, {}, {}, {}, {}};
  if (findings.federated.empty() || mean_score(results, findings.federated, "", "").cases == 0) {
    findings.federated.clear();
    judge_without_federation(results, findings);
    return findings;
  }
  findings.sites = site_gains(results, findings);
  findings.own = compare(results, findings.federated, "", "", "");
  findings.comparisons = compare_federated(results, "");
  judge(results, findings);
  return findings;
}

}  // namespace consilium::pipelines
