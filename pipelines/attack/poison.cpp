#include "pipelines/attack/poison.h"

#include <fmt/format.h>

#include <chrono>
#include <mutex>

#include "base/files.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/stop.h"
#include "fl/attack/attackers.h"
#include "fl/attack/exclusion.h"
#include "fl/run_in_process.h"
#include "imaging/metrics/overlap.h"
#include "models/runtime.h"
#include "pipelines/attack/poisoned_cases.h"
#include "pipelines/segment.h"
#include "pipelines/simulate.h"
#include "pipelines/site_model.h"
#include "pipelines/site_trainer.h"
#include "pipelines/train_model.h"

namespace consilium::pipelines {
namespace {

constexpr const char* kNone = "none";

/// Keeps what a site sent in the open round, for the question whom the rule left out.
class Recorder : public fl::Trainer {
 public:
  Recorder(std::string site, fl::Trainer& inner) : site_(std::move(site)), inner_(inner) {}
  fl::Validation validate(const fl::RoundPlan& plan, const ModelState& global) override { return inner_.validate(plan, global); }
  fl::Update last_look(const fl::RoundPlan& plan, const ModelState& global) override { return inner_.last_look(plan, global); }
  fl::Update train(const fl::RoundPlan& plan, const ModelState& global) override {
    sent = inner_.train(plan, global);
    sent->site = site_;
    return *sent;
  }
  std::optional<fl::Update> sent;

 private:
  std::string site_;
  fl::Trainer& inner_;
};

struct Site {
  std::string name;
  bool attacks = false;
  std::vector<PreparedCase> cases;
  SiteSplit split;
};

/// What one federation is run with.
struct Job {
  const PoisonSettings& settings;
  const std::vector<Site>& sites;
  const fl::AttackSettings* attack;  ///< null: all honest
  const fl::AggregationSettings& rule;
  std::filesystem::path folder;
  const std::atomic<bool>* stop;
};

int classes_of(const TrainingSettings& training) { return training.target == Target::kBratsRegions ? 4 : 2; }

std::vector<Site> load_sites(const PoisonSettings& settings, const std::filesystem::path& data, const std::atomic<bool>* stop) {
  std::vector<Site> sites;
  std::size_t judging = 0;
  log_line("reading cases");
  for (const SimulatedSite& simulated : settings.simulation.sites) {
    Site& site = sites.emplace_back();
    site.name = simulated.name;
    site.attacks = std::find(settings.attackers.begin(), settings.attackers.end(), site.name) != settings.attackers.end();
    site.cases = prepare_site(data / simulated.folder, settings.simulation.training, labels_of(simulated), simulated.files, [&](const std::string&) { throw_if_stopped(stop); });
    site.split = split_site(site.cases, simulated, settings.simulation, 0);
    if (site.attacks) continue;
    judging += site.split.test.size();
    for (const PreparedCase* c : site.split.test) require(c->reference.has_value(), ErrorCode::kNotFound, "site " + site.name + ": case " + c->name + " has no labels to judge a prediction by");
  }
  require(judging > 0, ErrorCode::kNotFound, "no honest site has a case in a folder named \"test\" to judge the models by");
  return sites;
}

double mean_dice(const std::vector<RegionScore>& regions) {
  double sum = 0;
  for (const RegionScore& region : regions) sum += region.dice / static_cast<double>(regions.size());
  return sum;
}

/// Is more than half of the reference's tumour called tumour? Nothing where there is no tumour.
std::optional<bool> finds_tumour(const LabelMap& predicted, const LabelMap& reference) {
  std::size_t found = 0, all = 0;
  for (std::size_t n = 0; n < reference.labels.size(); ++n) {
    if (reference.labels[n] == 0) continue;
    ++all;
    found += predicted.labels[n] != 0 ? 1 : 0;
  }
  if (all == 0) return {};
  return 2 * found > all;
}

struct Judged {
  double dice = 0;
  std::optional<bool> found{}, found_with_trigger{};
};

void judge(const Job& job, const ModelState& model, PoisonRun& run) {
  const TrainingSettings& training = job.settings.simulation.training;
  const bool asks_trigger = job.attack == nullptr || job.attack->kind == fl::AttackKind::kBackdoor;
  std::vector<std::pair<const Site*, const PreparedCase*>> cases;
  for (const Site& site : job.sites)
    if (!site.attacks)
      for (const PreparedCase* c : site.split.test) cases.emplace_back(&site, c);
  std::vector<Judged> judged(cases.size());
  parallel_for(cases.size(), 1, [&](std::size_t begin, std::size_t end) {
    models::configure_torch(1, training.device);
    const models::Segmenter segmenter = to_segmenter(training, model);
    for (std::size_t n = begin; n < end; ++n) {
      throw_if_stopped(job.stop);
      const PreparedCase& c = *cases[n].second;
      const LabelMap predicted = segment(segmenter, c, training);
      judged[n].dice = mean_dice(score(predicted, c, training.target));
      if (!asks_trigger) continue;
      PreparedCase marked = c;
      plant_trigger(marked.sample);
      judged[n].found = finds_tumour(predicted, *c.reference);
      judged[n].found_with_trigger = finds_tumour(segment(segmenter, marked, training), *c.reference);
    }
  });
  std::map<std::string, std::size_t> counts;
  double found = 0, hidden = 0;
  for (std::size_t n = 0; n < cases.size(); ++n) {
    run.dice += judged[n].dice / static_cast<double>(cases.size());
    run.dice_at_site[cases[n].first->name] += judged[n].dice;
    ++counts[cases[n].first->name];
    if (judged[n].found != std::optional(true)) continue;
    ++found;
    hidden += judged[n].found_with_trigger == std::optional(false) ? 1 : 0;
  }
  for (auto& [site, dice] : run.dice_at_site) dice /= static_cast<double>(counts[site]);
  if (asks_trigger && found > 0) run.trigger_success = hidden / found;
}

/// Means over the rounds so far of how often the rule gave honest and hostile sites no say.
class Exclusions {
 public:
  void add(const std::map<std::string, double>& excluded, const std::vector<Site>& sites) {
    for (const Site& site : sites) {
      const auto found = excluded.find(site.name);
      if (found == excluded.end()) continue;
      auto& [sum, count] = site.attacks ? hostile_ : honest_;
      sum += found->second, ++count;
    }
  }
  void tell(PoisonRun& run) const {
    if (honest_.second > 0) run.honest_excluded = honest_.first / honest_.second;
    if (hostile_.second > 0) run.attackers_excluded = hostile_.first / hostile_.second;
  }

 private:
  std::pair<double, double> honest_{0, 0}, hostile_{0, 0};
};

PoisonRun run_one(const Job& job, const std::string& attack, const std::string& rule, Progress& progress) {
  const TrainingSettings& training = job.settings.simulation.training;
  const auto start = std::chrono::steady_clock::now();
  PoisonRun run{.attack = attack, .rule = rule};
  FederationRequest request{job.settings.simulation, {}, 0, {}, job.folder, {}, job.stop};
  std::optional<fl::Attackers> gang;
  if (job.attack != nullptr) gang.emplace(*job.attack, job.sites.size(), job.settings.attackers.size(), training.seed);
  std::vector<std::vector<PreparedCase>> poisoned;
  poisoned.reserve(job.sites.size());
  std::vector<std::unique_ptr<SiteTrainer>> trainers;
  std::vector<std::unique_ptr<Recorder>> recorders;
  std::vector<std::pair<std::string, fl::Trainer*>> named;
  for (const Site& site : job.sites) {
    SiteSplit split = site.split;
    if (gang && site.attacks && poisons_cases(job.attack->kind)) {
      poisoned.push_back(poisoned_cases(split.train, job.attack->kind, classes_of(training)));
      split.train.clear();
      for (const PreparedCase& c : poisoned.back()) split.train.push_back(&c);
    }
    trainers.push_back(std::make_unique<SiteTrainer>(site.name, split, trainer_folder(job.folder / "sites" / site.name), [&](std::int64_t, double) { throw_if_stopped(job.stop); }, training.device));
    fl::Trainer& sends = gang && site.attacks ? gang->add(site.name, *trainers.back(), static_cast<std::int64_t>(split.train.size())) : *trainers.back();
    recorders.push_back(std::make_unique<Recorder>(site.name, sends));
    named.emplace_back(site.name, recorders.back().get());
    request.sites.emplace_back(site.name, split);
  }
  fl::FederationSettings federation = federation_settings(request);
  federation.aggregation = job.rule;
  federation.quorum = static_cast<std::int64_t>(job.sites.size());  // nobody is late here, and rules that compare sites need them all
  const ModelState initial = federation_start(training, initial_model(training).state());
  Exclusions exclusions;
  const fl::FinishedRun finished = fl::run_in_process(federation, initial, named, job.folder, [&](const fl::RoundReport& report) {
    progress.advance(1, attack + ", " + rule);
    if (report.round >= training.rounds) return;
    std::vector<fl::Update> updates;
    for (const auto& recorder : recorders) updates.push_back(std::move(*recorder->sent));
    if (const auto excluded = fl::excluded_shares(job.rule, initial, updates)) exclusions.add(*excluded, job.sites);
  });
  exclusions.tell(run);
  judge(job, finished.best, run);
  run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return run;
}

void require_same(const std::filesystem::path& folder, const PoisonSettings& settings) {
  const std::filesystem::path file = folder / "settings.json";
  if (!fs::exists(file)) write_file(file, to_json(settings).dump(1) + "\n");
  require(read_json(file) == to_json(settings), ErrorCode::kMismatch, folder.string() + ": holds attacks with other settings or another seed; give another folder, or remove this one");
}

}  // namespace

PoisonResults attack_by_poisoning(const PoisonSettings& settings, const std::filesystem::path& data, const std::filesystem::path& folder, const std::atomic<bool>* stop) {
  require_same(folder, settings);
  const std::vector<Site> sites = load_sites(settings, data, stop);
  PoisonResults results;
  results.title = settings.simulation.title;
  for (const Site& site : sites) results.sites.push_back(site.name);
  results.attackers = settings.attackers;
  results.attacks = names_of(settings.attacks);
  results.rules = names_of(settings.rules);
  results.settings = to_json(settings);
  const std::size_t federations = (settings.attacks.size() + 1) * settings.rules.size();
  Progress progress("attacking", federations * static_cast<std::size_t>(settings.simulation.training.rounds + 1));
  for (std::size_t a = 0; a <= settings.attacks.size(); ++a)
    for (std::size_t r = 0; r < settings.rules.size(); ++r) {
      throw_if_stopped(stop);
      const std::string attack = a == 0 ? kNone : results.attacks[a - 1];
      const std::filesystem::path run_folder = folder / "runs" / (attack + "_" + results.rules[r]), result = run_folder / "result.json";
      if (fs::exists(result)) {
        results.runs.push_back(parse_poison_run(read_json(result), result.string()));
        progress.advance(static_cast<std::uint64_t>(settings.simulation.training.rounds + 1), "found");
        continue;
      }
      // What an attacker remembers is not on disk: a federation that was stopped begins anew.
      fs::remove_all(run_folder);
      const Job job{settings, sites, a == 0 ? nullptr : &settings.attacks[a - 1], settings.rules[r], run_folder / "federation", stop};
      results.runs.push_back(run_one(job, attack, results.rules[r], progress));
      fs::remove_all(job.folder);
      write_file(result, to_json(results.runs.back()).dump(1) + "\n");
    }
  return results;
}

}  // namespace consilium::pipelines
