#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "base/rng.h"
#include "fl/aggregate/aggregation.h"
#include "fl/attack/attackers.h"
#include "fl/run_in_process.h"

namespace consilium::fl::test {

/// A site whose voxels have a few noisy features, and a linear segmenter trained on them by gradient descent: a federation of ten learns a Dice above 0.8 in milliseconds.
struct VoxelSite {
  std::vector<std::vector<double>> features;
  std::vector<int> tumour;
};

inline constexpr std::size_t kFeatures = 8;

/// Every site's scanner shifts and stretches the features a little.
inline VoxelSite voxel_site(std::uint64_t seed, std::size_t voxels = 300) {
  Rng rng(seed);
  const double gain = rng.uniform(0.9, 1.1), shift = rng.uniform(-0.1, 0.1);
  VoxelSite site;
  for (std::size_t n = 0; n < voxels; ++n) {
    site.tumour.push_back(rng.chance(0.3) ? 1 : 0);
    std::vector<double> f{1};
    for (std::size_t i = 1; i < kFeatures; ++i) f.push_back(gain * ((site.tumour.back() == 1 ? 0.9 : -0.4) * (i % 2 == 0 ? 1 : -1) + rng.normal(0, 1)) + shift);
    site.features.push_back(f);
  }
  return site;
}

inline ModelState voxel_model() { return {{{"w", "trunk", {static_cast<std::int64_t>(kFeatures)}, std::vector<float>(kFeatures, 0)}}}; }

inline double logit(const ModelState& model, const std::vector<double>& features) {
  double sum = 0;
  for (std::size_t i = 0; i < kFeatures; ++i) sum += static_cast<double>(model.tensors[0].values[i]) * features[i];
  return sum;
}

inline double voxel_dice(const ModelState& model, const VoxelSite& site) {
  double both = 0, either = 0;
  for (std::size_t n = 0; n < site.tumour.size(); ++n) {
    const int predicted = logit(model, site.features[n]) > 0 ? 1 : 0;
    both += predicted * site.tumour[n], either += predicted + site.tumour[n];
  }
  return either == 0 ? 1 : 2 * both / either;
}

class VoxelTrainer : public Trainer {
 public:
  explicit VoxelTrainer(VoxelSite site) : site_(std::move(site)) {}
  Validation validate(const RoundPlan&, const ModelState& global) override { return {voxel_dice(global, site_), 1}; }
  Update train(const RoundPlan&, const ModelState& global) override {
    ++trained;
    ModelState model = global;
    for (int step = 0; step < 5; ++step) {
      std::vector<double> gradient(kFeatures, 0);
      for (std::size_t n = 0; n < site_.tumour.size(); ++n) {
        const double error = 1 / (1 + std::exp(-logit(model, site_.features[n]))) - site_.tumour[n];
        for (std::size_t i = 0; i < kFeatures; ++i) gradient[i] += error * site_.features[n][i] / static_cast<double>(site_.tumour.size());
      }
      for (std::size_t i = 0; i < kFeatures; ++i) model.tensors[0].values[i] -= static_cast<float>(0.5 * gradient[i]);
    }
    Update update;
    update.delta = model;
    for (std::size_t i = 0; i < kFeatures; ++i) update.delta.tensors[0].values[i] -= global.tensors[0].values[i];
    update.cases_per_group["trunk"] = static_cast<std::int64_t>(site_.tumour.size());
    return update;
  }
  int trained = 0;

 private:
  VoxelSite site_;
};

/// Ten sites, the last `attackers` of them hostile; the Dice of the final model at a site that took no part.
struct VoxelFederation {
  std::size_t sites = 10, attackers = 3;
  std::int64_t rounds = 12;
  AttackSettings attack{};

  std::vector<Update> round(std::int64_t number, const ModelState& global, std::vector<std::pair<std::string, Trainer*>>& trainers) const {
    std::vector<Update> updates;
    for (auto& [name, trainer] : trainers) updates.push_back(take_part(*trainer, name, {.round = number, .rounds = rounds, .base_digest = digest(global), .task = "{}"}, global));
    return updates;
  }

  double dice(const AggregationSettings& rule) const {
    std::vector<std::unique_ptr<VoxelTrainer>> honest;
    std::vector<std::pair<std::string, Trainer*>> trainers;
    Attackers gang(attack, sites, std::max<std::size_t>(attackers, 1), 5);
    for (std::size_t n = 0; n < sites; ++n) {
      VoxelSite data = voxel_site(100 + n);
      const bool hostile = n >= sites - attackers;
      const bool flips = attack.kind == AttackKind::kLabelFlip || attack.kind == AttackKind::kScaling;
      if (hostile && flips)
        for (int& label : data.tumour) label = 1 - label;
      honest.push_back(std::make_unique<VoxelTrainer>(data));
      const std::string name = "site_" + std::to_string(n);
      trainers.emplace_back(name, hostile ? &gang.add(name, *honest.back(), 300) : honest.back().get());
    }
    ModelState global = voxel_model();
    AggregationMemory memory;
    for (std::int64_t n = 0; n < rounds; ++n) {
      const std::vector<Update> updates = round(n, global, trainers);
      global = aggregate(rule, global, updates, {}, sites, memory);
    }
    return voxel_dice(global, voxel_site(999, 4000));
  }
};

}  // namespace consilium::fl::test
