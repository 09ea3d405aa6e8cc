#include "pipelines/training_settings.h"

#include <cmath>

#include "base/error.h"
#include "pipelines/multimodal_training.h"

namespace consilium::pipelines {
namespace {

const std::vector<std::pair<std::string, Target>> kTargets{{"brats_regions", Target::kBratsRegions}, {"whole_tumour", Target::kWholeTumour}, {"lesion", Target::kLesion}};

std::string word_of(Target target) {
  for (const auto& [word, value] : kTargets)
    if (value == target) return word;
  return "";
}

}  // namespace

void read_training_settings(SettingsReader& reader, TrainingSettings& s) {
  reader.choice("target", s.target, kTargets);
  reader.object("normalise", [&](SettingsReader& normalise) { read_normalise_options(normalise, s.normalise); });
  reader.object("fit", [&](SettingsReader& fit) { models::read_fit_options(fit, s.fit); });
  s.model.in_channels = static_cast<int>(s.normalise.channels.size());
  s.model.out_channels = s.target == Target::kBratsRegions ? (s.fit.regions ? 3 : 4) : 2;
  const int in = s.model.in_channels, out = s.model.out_channels;
  reader.object("model", [&](SettingsReader& model) { models::read_unet_options(model, s.model); });
  require(s.model.in_channels == in && s.model.out_channels == out, ErrorCode::kUsage, reader.path() + ".model: in_channels and out_channels follow from channels and target: " + std::to_string(in) + " and " + std::to_string(out));
  require(!s.fit.regions || s.target == Target::kBratsRegions, ErrorCode::kUsage, reader.path() + ".fit.regions: only with target brats_regions");
  reader.field("steps", s.steps);
  reader.field("rounds", s.rounds);
  reader.field("validation_cases", s.validation_cases);
  reader.field("overlap", s.overlap);
  reader.field("start_digest", s.start_digest);
  reader.field("trainable", s.trainable);
  reader.field("personal", s.personal);
  reader.object("clusters", [&](SettingsReader& clusters) { read_cluster_settings(clusters, s.clusters); });
  reader.field("proximal_mu", s.proximal_mu);
  reader.object("local", [&](SettingsReader& local) { read_local_training(local, s.local); });
  reader.object("privacy", [&](SettingsReader& privacy) { read_training_privacy(privacy, s.privacy); });
  reader.field("seed", s.seed);
  reader.finish();
  require(s.rounds >= 1 && s.steps >= s.rounds && s.steps <= 100000000, ErrorCode::kUsage, reader.path() + ": expected 1 <= rounds <= steps, found " + std::to_string(s.rounds) + " rounds and " + std::to_string(s.steps) + " steps");
  require(s.validation_cases >= 0, ErrorCode::kUsage, reader.path() + ".validation_cases: expected 0 or more");
  require(s.overlap >= 0 && s.overlap < 1, ErrorCode::kUsage, reader.path() + ".overlap: expected 0 to below 1");
  require(std::isfinite(s.proximal_mu) && s.proximal_mu >= 0, ErrorCode::kUsage, reader.path() + ".proximal_mu: expected a number of at least 0");
  require(s.start_digest.empty() || !is_clustered(s.clusters) || s.clusters.shared_rounds > 0, ErrorCode::kUsage, reader.path() + ".start_digest: models of clusters that begin apart are drawn; begin together, with clusters.shared_rounds");
  require_consistent(s.local, s.fit.optimiser, !s.personal.empty(), s.proximal_mu, reader.path());
  require(s.trainable.empty() || (s.local.control_variates == ControlVariates::kOff && s.local.feddc_alpha == 0 && s.local.head_share == 0), ErrorCode::kUsage,
          reader.path() + ".trainable: local.control_variates and local.feddc_alpha correct the drift of all tensors, and local.head_share takes turns with those that stay; leave them out");
  require_consistent(s.clusters, s.local, !s.personal.empty(), s.rounds, reader.path());
  require_consistent(s.privacy, {.is_clustered = is_clustered(s.clusters), .reports_losses = s.local.loss_batches > 0}, reader.path());
  models::validate(s.model);
  require_multimodal_fits(s, reader.path());
  for (const std::int64_t size : s.fit.patch)
    require(size > 0 && size <= 1024 && size % models::stride_of(s.model) == 0, ErrorCode::kUsage, reader.path() + ".fit.patch: expected multiples of " + std::to_string(models::stride_of(s.model)) + ", found " + std::to_string(size));
}

TrainingSettings parse_training_settings(const Json& json, const std::string& origin) {
  TrainingSettings settings;
  SettingsReader reader(json, origin);
  read_training_settings(reader, settings);
  return settings;
}

Json to_json(const TrainingSettings& s) {
  return {{"target", word_of(s.target)}, {"normalise", to_json(s.normalise)}, {"model", models::to_json(s.model)}, {"fit", models::to_json(s.fit)}, {"steps", s.steps},
          {"rounds", s.rounds},          {"validation_cases", s.validation_cases}, {"overlap", s.overlap}, {"start_digest", s.start_digest}, {"trainable", s.trainable}, {"personal", s.personal}, {"clusters", to_json(s.clusters)}, {"proximal_mu", s.proximal_mu}, {"local", to_json(s.local)}, {"privacy", to_json(s.privacy)}, {"seed", s.seed}};
}

std::vector<std::string> region_names(Target target) {
  if (target == Target::kBratsRegions) return {"WT", "TC", "ET"};
  return {target == Target::kWholeTumour ? "WT" : "lesion"};
}

models::WindowOptions window_options(const TrainingSettings& s) { return {.patch = s.fit.patch, .overlap = s.overlap, .precision = s.fit.precision}; }

models::StepRange steps_of_round(const TrainingSettings& s, std::int64_t round) {
  const std::int64_t each = s.steps / s.rounds, more = s.steps % s.rounds;
  return {round * each + std::min(round, more), each + (round < more ? 1 : 0), s.steps};
}

models::StepRange steps_of_round(const TrainingSettings& s, std::int64_t round, std::size_t cases) {
  if (s.local.epochs == 0) return steps_of_round(s, round);
  const double patches = s.local.epochs * static_cast<double>(cases);
  const auto each = std::max<std::int64_t>(1, std::llround(patches / s.fit.batch));
  return {round * each, each, s.rounds * each};
}

}  // namespace consilium::pipelines
