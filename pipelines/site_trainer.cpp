#include "pipelines/site_trainer.h"

#include <chrono>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "base/files.h"
#include "fl/aggregate/fednova.h"
#include "models/loss.h"
#include "models/runtime.h"
#include "models/state/clusters.h"
#include "models/state/arithmetic.h"
#include "models/state/control_variates.h"
#include "pipelines/anchor_update.h"
#include "pipelines/group_cases.h"
#include "pipelines/personal.h"
#include "pipelines/segment.h"
#include "pipelines/site_feddc.h"
#include "pipelines/site_groups.h"
#include "pipelines/site_model.h"
#include "pipelines/site_scaffold.h"
#include "pipelines/trainable.h"

namespace consilium::pipelines {
namespace {

class Stopwatch {
 public:
  explicit Stopwatch(double& total) : total_(total), start_(std::chrono::steady_clock::now()) {}
  ~Stopwatch() { total_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }
  Stopwatch(const Stopwatch&) = delete;

 private:
  double& total_;
  std::chrono::steady_clock::time_point start_;
};

fs::path memory_file(const fs::path& folder, const std::string& stem, std::int64_t round) { return folder / (stem + "_after_" + std::to_string(round) + ".safetensors"); }

std::vector<std::string> names_of(const ModelState& model) {
  std::vector<std::string> names;
  for (const NamedTensor& tensor : model.tensors) names.push_back(tensor.name);
  return names;
}

/// All that decides the gradients of a stretch of steps, beside cases, settings and noise.
std::string inputs_of(const models::Segmenter& segmenter, const std::string& memory, const std::string& draw, const models::LocalTerms& terms) {
  std::string text = draw + " " + digest(segmenter.state()) + " " + std::to_string(terms.proximal_mu) + " " + digest(terms.anchor) + " " + digest(terms.shift) + " " + memory;
  for (const std::string& name : terms.frozen) text += " " + name;
  return text;
}

/// What the distillation's weight is multiplied by: 0 in the first round, whose model has learnt nothing, 1 in the last; what an early model takes for absent would else be learnt as such.
/// Source: ConDistFL's schedule (arXiv:2308.04070; 0.01 to 1 there).
double trust_in_teacher(const fl::RoundPlan& plan) { return plan.rounds > 1 ? static_cast<double>(plan.round) / static_cast<double>(plan.rounds - 1) : 0; }

/// Of the last `count` steps of a round; 0 where FedNova's formula does not hold.
double step_norm_of(const TrainingSettings& s, const models::StepRange& steps, std::int64_t count) {
  const models::OptimiserOptions& o = s.fit.optimiser;
  // AdamW moves each weight by about its rate in every step, whatever the gradient: steps are what counts.
  if (o.kind == models::OptimiserKind::kAdamW) return static_cast<double>(count);
  const double rate = models::poly_learning_rate(o.learning_rate, steps.first, steps.total, o.poly_power);
  if (rate * s.proximal_mu >= 1) return 0;
  return fl::step_norm(count, {.momentum = o.momentum, .nesterov = o.momentum > 0, .learning_rate = rate, .proximal_mu = s.proximal_mu});
}

}  // namespace

SiteTrainer::SiteTrainer(std::string site, SiteSplit split, fs::path folder, std::function<void(std::int64_t, double)> on_step, c10::Device device, std::optional<SiteLedger> ledger)
    : site_(std::move(site)), split_(std::move(split)), samples_(samples_of(split_.train)), folder_(std::move(folder)), on_step_(std::move(on_step)),
      privacy_(ledger.value_or(SiteLedger{folder_ / "privacy"}), folder_, samples_, site_), device_(device) {}

TrainingSettings SiteTrainer::settings_of(const fl::RoundPlan& plan) const {
  TrainingSettings settings = parse_training_settings(parse_json(plan.task, "task"), "task");
  settings.device = device_;
  return settings;
}

ModelState SiteTrainer::start_of(const fl::RoundPlan& plan, const TrainingSettings& settings, const ModelState& received) const {
  if (!is_clustered(settings.clusters)) return without_control_variates(received);
  // The same batches for every model and in every round: what differs is the model.
  const Rng draw = Rng(settings.seed).fork("cluster loss").fork(site_);
  const std::int64_t cluster = clusters_of(settings).choose(received, plan.round, plan.base_digest, [&](const ModelState& model) {
    models::Segmenter segmenter = to_segmenter(settings, model);
    return models::mean_loss(segmenter, samples_, settings.clusters.loss_batches, settings.fit, draw);
  });
  return cluster_of(received, cluster);
}

void SiteTrainer::note_cluster(fl::Update& update, const fl::RoundPlan& plan, const TrainingSettings& settings) const {
  if (!is_clustered(settings.clusters)) return;
  if (const auto cluster = clusters_of(settings).chosen(plan.round)) update.metrics["cluster"] = static_cast<double>(*cluster);
}

fl::Validation SiteTrainer::validate(const fl::RoundPlan& plan, const ModelState& global) {
  seconds_ = 0;
  const Stopwatch watch(seconds_);
  models::configure_torch(1, device_);
  // The untrained model of round 0 needs no judge.
  if (plan.round == 0) return {};
  const TrainingSettings settings = settings_of(plan);
  if (is_clustered(settings.clusters)) start_of(plan, settings, global);  // the choice, also where nothing is judged
  const bool hidden = is_private(settings.privacy) && settings.privacy.validation == PrivateValidation::kOff;
  if (split_.validation.empty() || hidden) return {};
  const std::size_t annotated = split_.validation[0]->annotated.size();
  if (annotated == 0) return {};
  const ModelState own = model_at_site(settings, folder_, global, plan.round);
  const double weight = static_cast<double>(annotated) / static_cast<double>(region_names(settings.target).size());
  const fl::Validation plain{validation_score(to_segmenter(settings, own), split_.validation, settings), static_cast<std::int64_t>(split_.validation.size()), weight};
  return privacy_.validation(settings, plan.round, plan.base_digest, plain);
}

models::FitReport SiteTrainer::fit(models::Segmenter& segmenter, const TrainingSettings& settings, const Part& part) {
  models::OptimiserState memory;
  // The memory of the round before; a site that joined late, lost it or has changed its cluster starts with an empty one.
  if (const fs::path file = memory_file(folder_, part.memory, part.round - 1); part.goes_on && fs::exists(file)) memory = models::parse_optimiser_state(read_file(file), file.string());
  const Rng rng = Rng(settings.seed).fork(part.draw).fork(site_);
  models::PrivateSteps privacy;
  const bool hides_loss = is_private(settings.privacy);
  if (part.leaves && is_private(settings.privacy)) {  // else nobody asks for copies and digests of the model
    privacy_.tell_if_useless(settings, part.steps.total, value_count(without_tensors(segmenter.state(), part.terms.frozen)));
    privacy = privacy_.steps(settings, part.round, part.steps, inputs_of(segmenter, models::encode(memory), part.draw, part.terms));
  }
  const models::FitReport report = models::fit(segmenter, samples_, part.steps, settings.fit, rng, &memory, [&](std::int64_t, double loss) {
    if (on_step_) on_step_(part.counts ? 1 : 0, hides_loss ? std::nan("") : loss);
  }, part.terms, part.teacher, privacy);
  write_file(memory_file(folder_, part.memory, part.round), models::encode(memory));
  std::error_code ignored;
  fs::remove(memory_file(folder_, part.memory, part.round - 2), ignored);
  return report;
}

models::FitReport SiteTrainer::fit_shared(models::Segmenter& segmenter, const TrainingSettings& settings, std::int64_t round, models::LocalTerms terms, const models::Segmenter* teacher) {
  models::StepRange steps = steps_of_round(settings, round, samples_.size());
  const auto head = static_cast<std::int64_t>(settings.local.head_share * static_cast<double>(steps.count));
  const bool goes_on = !is_clustered(settings.clusters) || clusters_of(settings).goes_on(round);
  if (settings.local.head_share == 0) return fit(segmenter, settings, {.round = round, .steps = steps, .memory = "optimiser", .terms = std::move(terms), .teacher = teacher, .goes_on = goes_on});
  require(head >= 1 && head < steps.count, ErrorCode::kUsage, "training.local.head_share: a round of " + std::to_string(steps.count) + " steps leaves none for one of head and body");
  const ModelState model = segmenter.state();
  const PersonalTensors personal(settings.personal, folder_);
  models::LocalTerms of_head = terms;
  for (const std::string& name : names_of(personal.without(model))) of_head.frozen.push_back(name);
  const models::FitReport first = fit(segmenter, settings, {.round = round, .steps = {steps.first, head, steps.total}, .memory = "optimiser_head", .terms = std::move(of_head), .teacher = teacher});
  for (const std::size_t n : personal_tensors(settings.personal, model)) terms.frozen.push_back(model.tensors[n].name);
  models::FitReport report = fit(segmenter, settings, {.round = round, .steps = {steps.first + head, steps.count - head, steps.total}, .memory = "optimiser", .terms = std::move(terms), .teacher = teacher});
  report.mean_loss = (first.mean_loss * static_cast<double>(first.steps) + report.mean_loss * static_cast<double>(report.steps)) / static_cast<double>(steps.count);
  return report;
}

void SiteTrainer::train_own_model(const TrainingSettings& settings, std::int64_t round, const ModelState& global) {
  const RoundMemory memory = ditto_memory(folder_);
  models::Segmenter own = to_segmenter(settings, memory.before(round).value_or(global));
  models::LocalTerms terms{.proximal_mu = settings.local.ditto_lambda, .anchor = global, .frozen = untrained_tensors(settings.trainable, global)};
  fit(own, settings, {round, steps_of_round(settings, round, samples_.size()), "optimiser_ditto", std::move(terms), "ditto", false, nullptr, true, false});
  memory.save(own.state(), round + 1);
}

fl::Update SiteTrainer::train(const fl::RoundPlan& plan, const ModelState& received) {
  double training_seconds = 0;
  std::optional<Stopwatch> watch(training_seconds);
  models::configure_torch(1, device_);
  TrainingSettings settings = settings_of(plan);
  settings.fit.partial_labels.distillation_weight *= trust_in_teacher(plan);
  const ModelState global = start_of(plan, settings, received);
  const PersonalTensors personal(settings.personal, folder_);
  const SiteScaffold scaffold(settings.local.control_variates, folder_);
  const SiteFedDc feddc(settings.local.feddc_alpha, folder_);
  const bool controls = settings.local.control_variates != ControlVariates::kOff, drifts = settings.local.feddc_alpha > 0;
  SiteGroups groups(plan, cases_of_groups(global, settings, samples_), folder_);
  const ModelState start = groups.put_into(personal.put_into(global, plan.round), plan.round);
  models::Segmenter segmenter = to_segmenter(settings, start);
  std::optional<models::Segmenter> teacher;
  if (settings.fit.partial_labels.distillation_weight > 0) teacher = to_segmenter(settings, start);
  fl::Update update;
  if (settings.local.loss_batches > 0) {
    const Rng draw = Rng(settings.seed).fork("global loss").fork(site_).fork(static_cast<std::uint64_t>(plan.round));
    update.metrics["global_loss"] = models::mean_loss(segmenter, samples_, settings.local.loss_batches, settings.fit, draw);
  }
  models::LocalTerms terms{.proximal_mu = settings.proximal_mu};
  if (controls) terms = scaffold.terms(received, plan.round);
  if (drifts) terms = feddc.terms(global, plan.round);
  terms.frozen = groups.frozen(global);
  const std::vector<std::string> untrained = untrained_tensors(settings.trainable, global);
  terms.frozen.insert(terms.frozen.end(), untrained.begin(), untrained.end());
  const models::FitReport report = fit_shared(segmenter, settings, plan.round, std::move(terms), teacher ? &*teacher : nullptr);
  groups.count(report);
  const ModelState trained = with_class_means(segmenter.state(), report);
  groups.save(trained, plan.round + 1);
  personal.save(trained, plan.round + 1);
  update.step_norm = step_norm_of(settings, steps_of_round(settings, plan.round, samples_.size()), report.steps);
  update.delta = without_tensors(groups.sent(linear(1, personal.without(trained), -1, personal.without(global))), untrained);
  if (drifts) update.delta = feddc.update(global, plan.round, trained, report.rates * update.step_norm / static_cast<double>(report.steps));
  if (controls) update.delta = join_control_variates(std::move(update.delta), scaffold.change(received, plan.round, trained, report.mean_gradient, report.rates));
  if (is_clustered(settings.clusters)) update.delta = clusters_of(settings).update(update.delta, received, plan.round);
  note_cluster(update, plan, settings);
  for (const NamedTensor& tensor : update.delta.tensors) update.cases_per_group[tensor.group] = static_cast<std::int64_t>(samples_.size());
  for (const auto& [group, cases] : groups.cases())
    if (cases == 0 || groups.is_counted(group) || update.cases_per_group.contains(group)) update.cases_per_group[group] = cases;
  if (settings.local.ditto_lambda > 0) train_own_model(settings, plan.round, global);
  watch.reset();
  if (!is_private(settings.privacy)) update.metrics["loss"] = report.mean_loss;
  privacy_.note(update);
  update.metrics["seconds"] = seconds_ + training_seconds;
  return update;
}

fl::Update SiteTrainer::last_look(const fl::RoundPlan& plan, const ModelState& global) {
  fl::Update update;
  update.validation = validate(plan, global);
  note_cluster(update, plan, settings_of(plan));
  return update;
}

}  // namespace consilium::pipelines
