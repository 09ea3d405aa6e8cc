#include "pipelines/train_model.h"

#include <chrono>

#include "base/error.h"
#include "base/files.h"
#include "base/folder_lock.h"
#include "models/runtime.h"
#include "models/state/safetensors.h"
#include "pipelines/anchor_update.h"
#include "pipelines/personal.h"
#include "pipelines/segment.h"
#include "pipelines/start_model.h"
#include "pipelines/tensor_patterns.h"
#include "pipelines/trainable.h"

namespace consilium::pipelines {
namespace {

/// What is on disk between two rounds. progress.json is written last and names the files that belong to it.
struct Checkpoint {
  std::int64_t round = 0;
  double best_score = -1;
  std::int64_t best_round = 0;
  double seconds = 0;
  std::vector<CurvePoint> curve;
};

std::string request_of(const std::vector<SiteCases>& sites, const TrainingSettings& settings) {
  Json request{{"settings", to_json(settings)}, {"sites", Json::object()}};
  for (const SiteCases& site : sites) {
    Json names = Json::array();
    for (const PreparedCase* c : site.train) names.push_back(c->name);
    for (const PreparedCase* c : site.validation) names.push_back("validation " + c->name);
    request["sites"][site.site] = names;
  }
  return request.dump();
}

Json to_json(const Checkpoint& c, const std::string& request) {
  Json curve = Json::array();
  for (const CurvePoint& p : c.curve) curve.push_back({{"round", p.round}, {"steps", p.steps}, {"loss", p.loss}, {"validation", p.validation}});
  return {{"schema", "consilium.checkpoint/1"}, {"round", c.round}, {"best_score", c.best_score}, {"best_round", c.best_round}, {"seconds", c.seconds}, {"curve", curve}, {"request", request}};
}

Checkpoint read_checkpoint(const fs::path& file, const std::string& request, std::int64_t rounds) {
  Checkpoint c;
  const std::string text = read_file(file, 64 << 20);
  require(Json::accept(text), ErrorCode::kCorruptData, file.string() + ": is not valid JSON; remove the folder to train anew");
  const Json json = parse_json(text, file.string());
  SettingsReader fields(json, file.string());
  std::string schema, found;
  fields.required("schema", schema);
  fields.required("round", c.round);
  fields.required("best_score", c.best_score);
  fields.required("best_round", c.best_round);
  fields.field("seconds", c.seconds);
  fields.list("curve", [&](SettingsReader& point) {
    CurvePoint p;
    point.field("round", p.round);
    point.field("steps", p.steps);
    point.field("loss", p.loss);
    point.field("validation", p.validation);
    point.finish();
    c.curve.push_back(p);
  });
  fields.required("request", found);
  fields.finish();
  require(found == request, ErrorCode::kMismatch, file.parent_path().string() + ": holds a training with other settings, seed or cases; give another folder, or remove this one");
  const bool whole = c.round >= 1 && c.round <= rounds && c.best_round >= 1 && c.best_round <= c.round && c.curve.size() == static_cast<std::size_t>(c.round);
  require(whole, ErrorCode::kCorruptData, file.string() + ": its rounds do not fit together; remove the folder to train anew");
  return c;
}

std::string of_round(const char* stem, std::int64_t round) { return std::string(stem) + "_" + std::to_string(round) + ".safetensors"; }

/// Mean over sites, weighted by their cases and by the share of the regions that they annotate: what a coordinator computes from its sites' reports.
double validate_all(const models::Segmenter& segmenter, const std::vector<SiteCases>& sites, const TrainingSettings& settings, CurvePoint& point) {
  double sum = 0, total = 0;
  for (const SiteCases& site : sites) {
    if (site.validation.empty() || site.validation[0]->annotated.empty()) continue;
    const double score = validation_score(segmenter, site.validation, settings);
    const double weight = static_cast<double>(site.validation.size()) * static_cast<double>(site.validation[0]->annotated.size()) / static_cast<double>(region_names(settings.target).size());
    point.validation[site.site] = score;
    sum += score * weight;
    total += weight;
  }
  return total == 0 ? 0 : sum / total;
}

}  // namespace

models::Segmenter initial_model(const TrainingSettings& settings) {
  models::Segmenter segmenter(settings.model, Rng(settings.seed).fork("initial weights"));
  // A pattern that fits nothing is told before hours of training.
  const ModelState state = segmenter.state();
  personal_tensors(settings.personal, state);
  untrained_tensors(settings.trainable, state);
  fitting_tensors(settings.clusters.tensors, state, "training.clusters.tensors");
  segmenter.move_to(settings.device);
  return segmenter;
}

bool is_trained(const fs::path& folder, std::int64_t rounds) {
  const fs::path progress = folder / "progress.json";
  if (!fs::exists(progress)) return false;
  const std::string text = read_file(progress, 64 << 20);
  const Json json = Json::parse(text, nullptr, false);
  return json.is_object() && json.contains("round") && json["round"] == rounds;
}

TrainedModel train_model(const std::string& name, const std::vector<SiteCases>& sites, const TrainingSettings& settings, const fs::path& folder, const std::function<void(std::int64_t, double)>& on_step, const fs::path& start) {
  const FolderLock lock(folder);
  models::configure_torch(1, settings.device);
  const std::string request = request_of(sites, settings);
  const fs::path progress = folder / "progress.json";
  models::Segmenter segmenter = starting_model(settings, start);
  models::OptimiserState memory;
  Checkpoint at;
  ModelState best = segmenter.state();
  if (fs::exists(progress)) {
    at = read_checkpoint(progress, request, settings.rounds);
    segmenter.load(read_safetensors(folder / of_round("weights", at.round)).state);
    best = read_safetensors(folder / of_round("best", at.best_round)).state;
    const fs::path file = folder / of_round("optimiser", at.round);
    if (at.round < settings.rounds) memory = models::parse_optimiser_state(read_file(file), file.string());
    const std::int64_t done = steps_of_round(settings, at.round - 1).first + steps_of_round(settings, at.round - 1).count;
    if (on_step) on_step(done, at.curve.back().loss);
  }
  std::vector<models::TrainingCase> samples;
  bool validates = false;
  for (const SiteCases& site : sites) {
    for (const PreparedCase* c : site.train) samples.push_back(c->sample);
    validates = validates || !site.validation.empty();
  }
  const Rng rng = Rng(settings.seed).fork("training").fork(name);
  const models::LocalTerms terms{.frozen = untrained_tensors(settings.trainable, best)};
  while (at.round < settings.rounds) {
    const auto began = std::chrono::steady_clock::now();
    const models::StepRange range = steps_of_round(settings, at.round);
    const models::FitReport report = models::fit(segmenter, samples, range, settings.fit, rng, &memory, [&](std::int64_t, double loss) {
      if (on_step) on_step(1, loss);
    }, terms);
    if (!report.class_means.empty()) segmenter.load(with_class_means(segmenter.state(), report));
    ++at.round;
    CurvePoint point{at.round, range.first + range.count, report.mean_loss, {}};
    const double score = validate_all(segmenter, sites, settings, point);
    at.curve.push_back(point);
    const std::int64_t old_best = at.best_round;
    if (!validates || score > at.best_score) {
      at.best_score = score;
      at.best_round = at.round;
      best = segmenter.state();
      write_safetensors(folder / of_round("best", at.round), best);
    }
    at.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    write_safetensors(folder / of_round("weights", at.round), segmenter.state());
    if (at.round < settings.rounds) write_file(folder / of_round("optimiser", at.round), models::encode(memory));
    write_file(progress, to_json(at, request).dump(1) + "\n");
    std::error_code ignored;
    fs::remove(folder / of_round("weights", at.round - 1), ignored);
    fs::remove(folder / of_round("optimiser", at.round - 1), ignored);
    if (old_best != at.best_round) fs::remove(folder / of_round("best", old_best), ignored);
  }
  TrainedModel result{std::move(best), {}, {}};
  result.summary.name = name;
  for (const SiteCases& site : sites) result.summary.trained_on.push_back(site.site);
  result.summary.seconds = at.seconds;
  result.summary.steps = settings.steps;
  result.summary.best_round = at.best_round;
  result.summary.curve = at.curve;
  return result;
}

}  // namespace consilium::pipelines
