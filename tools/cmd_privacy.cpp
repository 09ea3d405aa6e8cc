#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/settings.h"
#include "fl/privacy/accountant.h"
#include "fl/privacy/budget.h"
#include "fl/privacy/gaussian.h"
#include "fl/privacy/rdp.h"
#include "fl/wall_clock.h"
#include "tools/verb.h"

namespace consilium::tools {
namespace {

struct PrivacyWords {
  fl::SampledGaussian releases;
  double epsilon = 0;
  fl::PrivacyBudget budget;
  std::string accountant = "pld", folder;
};

fl::Accountant accountant_of(const PrivacyWords& w) { return w.accountant == "rdp" ? fl::Accountant::kRdp : fl::Accountant::kPld; }

void print_epsilon(const PrivacyWords& w, const CommonOptions& common) {
  const std::vector<fl::SampledGaussian> phases{w.releases};
  const double delta = w.budget.delta, pld = fl::epsilon_of(phases, delta);
  const fl::RdpEpsilon rdp = fl::rdp_epsilon(phases, delta);
  const double limit = fl::gaussian_epsilon(delta, fl::central_limit_mu(w.releases));
  if (common.json) {
    fmt::print("{}\n", Json{{"noise_multiplier", w.releases.noise_multiplier}, {"sampling_rate", w.releases.sampling_rate}, {"steps", w.releases.steps}, {"delta", delta},
                            {"epsilon", {{"pld", pld}, {"rdp", rdp.epsilon}, {"central_limit", limit}}}, {"rdp_order", rdp.order}}.dump(2));
    return;
  }
  fmt::print("epsilon at delta {}, one unit added or removed:\n  {:<10.6g} PLD accountant (tight)\n  {:<10.6g} RDP accountant (bound; order {})\n  {:<10.6g} central limit (estimate, no bound)\n", delta, pld, rdp.epsilon, rdp.order, limit);
}

void print_noise(const PrivacyWords& w, const CommonOptions& common) {
  const double noise = fl::noise_multiplier_for({w.epsilon, w.budget.delta, w.releases.sampling_rate, w.releases.steps, accountant_of(w)});
  const std::vector<fl::SampledGaussian> phases{{noise, w.releases.sampling_rate, w.releases.steps}};
  const double epsilon = fl::epsilon_of(phases, w.budget.delta, accountant_of(w));
  if (common.json) fmt::print("{}\n", Json{{"noise_multiplier", noise}, {"epsilon", epsilon}, {"delta", w.budget.delta}, {"accountant", w.accountant}}.dump(2));
  else fmt::print("{:.6g}  noise multiplier: epsilon {:.6g} at delta {}, {} accountant\n", noise, epsilon, w.budget.delta, w.accountant);
}

void print_budget(const PrivacyWords& w, const CommonOptions& common) {
  fl::PrivacyBudget budget = w.budget;
  budget.accountant = accountant_of(w);
  const std::vector<fl::BudgetEntry> entries = fl::read_budget_ledger(w.folder);
  const std::int64_t now = fl::wall_seconds();
  std::vector<std::string> runs;
  for (const fl::BudgetEntry& entry : entries)
    if (std::find(runs.begin(), runs.end(), entry.spend.run) == runs.end()) runs.push_back(entry.spend.run);
  const double year = fl::spent(entries, "", budget, now).year;
  Json json{{"schema", "consilium.privacy_budget/1"}, {"delta", budget.delta}, {"accountant", w.accountant}, {"epsilon_last_365_days", year}, {"runs", Json::array()}, {"spends", Json::array()}};
  if (!common.json) fmt::print("{} spends; epsilon {:.4g} in the last 365 days, at delta {} ({} accountant)\n", entries.size(), year, budget.delta, w.accountant);
  for (const std::string& run : runs) {
    const double epsilon = fl::spent(entries, run, budget, now).run;
    json["runs"].push_back({{"run", run}, {"epsilon", epsilon}});
    if (!common.json) fmt::print("run {}: epsilon {:.4g}\n", run, epsilon);
  }
  for (const auto& [spend, time, after] : entries) {
    json["spends"].push_back({{"time", fl::to_iso_time(time)}, {"run", spend.run}, {"round", spend.round}, {"mechanism", spend.mechanism}, {"noise_multiplier", spend.releases.noise_multiplier},
                              {"sampling_rate", spend.releases.sampling_rate}, {"steps", spend.releases.steps}, {"clip", spend.clip}, {"epsilon_run", after.run}, {"epsilon_year", after.year}});
    if (!common.json)
      fmt::print("{}  round {:<4} {}  noise {:.4g}, rate {:.4g}, {} steps  epsilon of the run {:.4g}, of the year {:.4g}\n", fl::to_iso_time(time), spend.round, spend.mechanism, spend.releases.noise_multiplier,
                 spend.releases.sampling_rate, spend.releases.steps, after.run, after.year);
  }
  if (common.json) fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

int cmd_privacy(int argc, char** argv) {
  CLI::App app("Differential privacy: what a training costs, how much noise a goal takes, and what a site has spent.", "consilium privacy");
  CommonOptions common;
  PrivacyWords w;
  app.require_subcommand(1);
  const auto verb = [&](const char* word, const char* purpose) { return app.add_subcommand(word, purpose)->fallthrough(); };
  CLI::App* epsilon = verb("epsilon", "epsilon of so many steps with that noise, by each accountant");
  CLI::App* noise = verb("noise", "the least noise with which so many steps stay within epsilon");
  CLI::App* budget = verb("budget", "what the ledger in FOLDER says was spent");
  epsilon->add_option("--noise", w.releases.noise_multiplier, "standard deviation of the noise, in multiples of the clip")->required();
  noise->add_option("--epsilon", w.epsilon, "the goal")->required();
  for (CLI::App* sub : {epsilon, noise}) {
    sub->add_option("--sampling-rate", w.releases.sampling_rate, "chance of a case to be in a step (default 1)");
    sub->add_option("--steps", w.releases.steps, "steps with noise")->required();
    sub->add_option("--delta", w.budget.delta, "below 1 / cases")->required();
  }
  budget->add_option("FOLDER", w.folder, "the site's ledger (it holds privacy.sqlite)")->required();
  budget->add_option("--delta", w.budget.delta, "at which epsilon is stated (default 1e-5)");
  for (CLI::App* sub : {noise, budget}) sub->add_option("--accountant", w.accountant, "pld or rdp (default pld)")->check(CLI::IsMember({"pld", "rdp"}));
  add_common(app, common, "consilium privacy epsilon --noise 1.1 --sampling-rate 0.05 --steps 1000 --delta 1e-3");
  return run_verb(app, argc, argv, common, [&] {
    if (epsilon->parsed()) print_epsilon(w, common);
    if (noise->parsed()) print_noise(w, common);
    if (budget->parsed()) {
      fl::validate_delta(w.budget.delta);
      print_budget(w, common);
    }
    return 0;
  });
}

}  // namespace consilium::tools
