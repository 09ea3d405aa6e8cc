#include "pipelines/measure_alignment.h"

#include <torch/torch.h>

#include <map>

#include "models/features.h"
#include "models/presence.h"
#include "models/runtime.h"
#include "pipelines/segment.h"

namespace consilium::pipelines {
namespace {

std::vector<float> to_values(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(torch::kFloat32).contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

/// Vectors of the images, and mean features of their classes, of one network.
struct Vectors {
  std::vector<FeatureVector> images, classes;
};

void add_case(const models::Segmenter& network, const std::string& site, const PreparedCase& c, const TrainingSettings& settings, Vectors& vectors) {
  const models::TrainingCase& s = c.sample;
  const at::Tensor image = image_of(c);
  const models::WindowOptions window = window_options(settings);
  const models::ModalitySet has = models::modalities_of(s.present, settings.model.multimodal, "case " + c.name);
  for (std::size_t m = 0; m < has.size(); ++m) {
    if (!has[m]) continue;
    const std::string& modality = settings.model.multimodal.modalities[m].name;
    vectors.images.push_back({site, c.name, modality, "", to_values(models::embedding(network, image, s.present, modality, window))});
    if (s.labels.empty()) continue;
    for (auto& [name, mean] : models::class_features(network, image, s.labels, s.present, modality, window)) vectors.classes.push_back({site, c.name, modality, name, std::move(mean)});
  }
}

void add_points(const std::vector<FeatureVector>& trained, const std::vector<FeatureVector>& untrained, std::vector<MapPoint>& points) {
  const auto after = two_components(trained), before = two_components(untrained);
  for (std::size_t n = 0; n < trained.size(); ++n)
    points.push_back({trained[n].site, trained[n].name, trained[n].modality, trained[n].group, after[n].first, after[n].second, before[n].first, before[n].second});
}

void add_gates(const models::Segmenter& network, const std::string& site, const std::vector<const PreparedCase*>& cases, const TrainingSettings& settings, std::vector<GateWeight>& gates) {
  std::map<std::string, std::pair<double, std::int64_t>> sums;
  for (const PreparedCase* c : cases) {
    for (const auto& [gate, mean] : models::gate_weights(network, image_of(*c), c->sample.present, window_options(settings))) {
      sums[gate].first += mean;
      ++sums[gate].second;
    }
  }
  for (const auto& [gate, sum] : sums) gates.push_back({site, gate, sum.first / static_cast<double>(sum.second), sum.second});
}

}  // namespace

AlignmentResults measure_alignment(const TrainedModel& model, const SiteTestCases& sites, const TrainingSettings& settings) {
  AlignmentResults results;
  if (settings.model.multimodal.modalities.empty()) return results;
  models::configure_torch(1, settings.device);
  results.model = model.summary.name;
  const models::Segmenter untrained = initial_model(settings);
  Vectors before, after;
  for (const auto& [site, cases] : sites) {
    const auto own = model.at_site.find(site);
    const models::Segmenter trained = to_segmenter(settings, own == model.at_site.end() ? model.best : own->second);
    for (const PreparedCase* c : cases) {
      add_case(trained, site, *c, settings, after);
      add_case(untrained, site, *c, settings, before);
    }
    add_gates(trained, site, cases, settings, results.gates);
  }
  results.retrieval = retrieval_between(after.images, before.images);
  add_points(after.images, before.images, results.points);
  add_points(after.classes, before.classes, results.points);
  return results;
}

}  // namespace consilium::pipelines
