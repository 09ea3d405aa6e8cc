#include "pipelines/segment.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>

#include "base/error.h"
#include "imaging/metrics/overlap.h"
#include "models/predict.h"
#include "models/state/clusters.h"
#include "models/state/safetensors.h"
#include "pipelines/model_metadata.h"

namespace consilium::pipelines {
namespace {

std::vector<Volume> to_volumes(const at::Tensor& probabilities, const Geometry& grid) {
  std::vector<Volume> volumes;
  for (std::int64_t c = 0; c < probabilities.size(0); ++c) {
    const at::Tensor plane = probabilities[c].contiguous();
    const float* values = plane.data_ptr<float>();
    volumes.push_back({grid, std::vector<float>(values, values + plane.numel())});
  }
  return volumes;
}

/// Overlapping regions (WT, TC, ET) as classes that exclude each other: background, core without enhancement, oedema, enhancing.
at::Tensor regions_to_classes(const at::Tensor& r) {
  const at::Tensor wt = r[0], tc = torch::minimum(r[1], wt), et = torch::minimum(r[2], tc);
  return torch::stack({1 - wt, tc - et, wt - tc, et});
}

bool is_among(const std::string& name, const std::vector<std::string>& names) { return std::find(names.begin(), names.end(), name) != names.end(); }

}  // namespace

models::Segmenter to_segmenter(const TrainingSettings& settings, const ModelState& state) {
  const std::int64_t clusters = cluster_count(state);
  require(clusters == 0, ErrorCode::kMismatch, fmt::format("the file holds the models of {} clusters side by side; use one of them: a site's model.safetensors, or one of the files ..._cluster_K.safetensors beside it", clusters));
  // The network is made from its settings before weights are compared: no damaged or hostile file may make it take more memory than the
  // weights it comes with. Each level has a convolution of 27 taps from and to all of its filters.
  double least = 0, held = 0;
  for (const int filters : settings.model.filters) least += 27.0 * filters * filters;
  for (const NamedTensor& tensor : state.tensors) held += static_cast<double>(tensor.values.size());
  require(least <= held, ErrorCode::kMismatch, fmt::format("the settings describe a network of more than {:.0f} weights, there are {:.0f}", least, held));
  models::Segmenter segmenter(settings.model, Rng(0));
  segmenter.load(state);
  segmenter.move_to(settings.device);
  return segmenter;
}

at::Tensor image_of(const PreparedCase& prepared) {
  const models::TrainingCase& s = prepared.sample;
  return torch::from_blob(const_cast<float*>(s.image.data()), {s.channels, s.size[0], s.size[1], s.size[2]});
}

models::WindowOptions prediction_window(const TrainingSettings& settings) {
  models::WindowOptions window = window_options(settings);
  window.sigmoid = settings.fit.regions;
  return window;
}

std::vector<Volume> class_probabilities(const models::Segmenter& segmenter, const PreparedCase& prepared, const TrainingSettings& settings) {
  at::Tensor probabilities = models::predict_probabilities(segmenter, image_of(prepared), prediction_window(settings), prepared.sample.present);
  if (settings.fit.regions) probabilities = regions_to_classes(probabilities);
  return to_volumes(probabilities, prepared.grid);
}

LabelMap segment(const models::Segmenter& segmenter, const PreparedCase& prepared, const TrainingSettings& settings) {
  return restore(class_probabilities(segmenter, prepared, settings), prepared.native);
}

std::vector<RegionScore> score(const LabelMap& classes, const PreparedCase& prepared, Target target) {
  require(prepared.reference.has_value(), ErrorCode::kNotFound, "case " + prepared.name + " has no reference to be judged by");
  auto scores = evaluate_case(classes, *prepared.reference, scheme_of(target));
  const auto names = region_names(target);
  std::vector<RegionScore> judged;
  for (std::size_t n = 0; n < scores.size(); ++n) {
    scores[n].region = names.at(n);
    if (is_among(names[n], prepared.judged)) judged.push_back(scores[n]);
  }
  return judged;
}

double validation_score(const models::Segmenter& segmenter, const std::vector<const PreparedCase*>& cases, const TrainingSettings& settings) {
  double sum = 0;
  std::size_t counted = 0;
  const auto names = region_names(settings.target);
  const auto& regions = scheme_of(settings.target).regions;
  for (const PreparedCase* c : cases) {
    std::vector<imaging::Region> annotated;
    for (std::size_t r = 0; r < regions.size(); ++r)
      if (is_among(names[r], c->annotated)) annotated.push_back(regions[r]);
    if (annotated.empty()) continue;
    ++counted;
    const LabelMap predicted = segment(segmenter, *c, settings);
    for (const imaging::Region region : annotated)
      sum += *imaging::dice(imaging::region_mask(predicted, region), imaging::region_mask(*c->reference, region)) / static_cast<double>(annotated.size());
  }
  return counted == 0 ? 0 : sum / static_cast<double>(counted);
}

void write_model(const std::filesystem::path& path, const ModelState& state, const TrainingSettings& settings) {
  write_safetensors(path, state, model_metadata(to_json(settings)));
}

LoadedModel read_model(const std::filesystem::path& path, c10::Device device) {
  const ModelFile file = read_safetensors(path);
  TrainingSettings settings = parse_training_settings(training_metadata(file, path.string()), path.string());
  settings.device = device;
  return {to_segmenter(settings, file.state), settings};
}

}  // namespace consilium::pipelines
