#include "pipelines/site_trainer.h"

#include <chrono>
#include <optional>

#include "base/error.h"
#include "base/files.h"
#include "models/runtime.h"
#include "pipelines/personal.h"
#include "pipelines/segment.h"

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

fs::path memory_file(const fs::path& folder, std::int64_t round) { return folder / ("optimiser_after_" + std::to_string(round) + ".safetensors"); }

}  // namespace

SiteTrainer::SiteTrainer(std::string site, SiteSplit split, fs::path folder, std::function<void(std::int64_t, double)> on_step)
    : site_(std::move(site)), split_(std::move(split)), samples_(samples_of(split_.train)), folder_(std::move(folder)), on_step_(std::move(on_step)) {}

fl::Validation SiteTrainer::validate(const fl::RoundPlan& plan, const ModelState& global) {
  seconds_ = 0;
  const Stopwatch watch(seconds_);
  models::configure_torch(1);
  // The untrained model of round 0 needs no judge.
  if (split_.validation.empty() || plan.round == 0) return {};
  const TrainingSettings settings = parse_training_settings(parse_json(plan.task, "task"), "task");
  const std::size_t annotated = split_.validation[0]->annotated.size();
  if (annotated == 0) return {};
  const ModelState own = PersonalTensors(settings.personal, folder_).put_into(global, plan.round);
  const double weight = static_cast<double>(annotated) / static_cast<double>(region_names(settings.target).size());
  return {validation_score(to_segmenter(settings, own), split_.validation, settings), static_cast<std::int64_t>(split_.validation.size()), weight};
}

fl::Update SiteTrainer::train(const fl::RoundPlan& plan, const ModelState& global) {
  double training_seconds = 0;
  std::optional<Stopwatch> watch(training_seconds);
  models::configure_torch(1);
  const TrainingSettings settings = parse_training_settings(parse_json(plan.task, "task"), "task");
  const PersonalTensors personal(settings.personal, folder_);
  const ModelState start = personal.put_into(global, plan.round);
  models::Segmenter segmenter = to_segmenter(settings, start);
  // The model of round 0 has learnt nothing that it could teach.
  std::optional<models::Segmenter> teacher;
  if (settings.fit.partial_labels.distillation_weight > 0 && plan.round > 0) teacher = to_segmenter(settings, start);
  models::OptimiserState memory;
  // The memory of the round before; a site that joined late or lost it starts with an empty one.
  if (const fs::path file = memory_file(folder_, plan.round - 1); fs::exists(file)) memory = models::parse_optimiser_state(read_file(file), file.string());
  const Rng rng = Rng(settings.seed).fork("training").fork(site_);
  const models::FitReport report = models::fit(segmenter, samples_, steps_of_round(settings, plan.round), settings.fit, rng, &memory, [&](std::int64_t, double loss) {
    if (on_step_) on_step_(1, loss);
  }, settings.proximal_mu, teacher ? &*teacher : nullptr);
  write_file(memory_file(folder_, plan.round), models::encode(memory));
  std::error_code ignored;
  fs::remove(memory_file(folder_, plan.round - 2), ignored);
  const ModelState trained = segmenter.state();
  personal.save(trained, plan.round + 1);
  const ModelState base = personal.without(global);
  fl::Update update;
  update.delta = personal.without(trained);
  for (std::size_t t = 0; t < update.delta.tensors.size(); ++t) {
    NamedTensor& tensor = update.delta.tensors[t];
    for (std::size_t n = 0; n < tensor.values.size(); ++n) tensor.values[n] -= base.tensors[t].values[n];
    update.cases_per_group[tensor.group] = static_cast<std::int64_t>(samples_.size());
  }
  watch.reset();
  update.metrics = {{"loss", report.mean_loss}, {"seconds", seconds_ + training_seconds}};
  return update;
}

}  // namespace consilium::pipelines
