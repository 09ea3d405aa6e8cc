#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "base/rng.h"
#include "fl/aggregate/aggregation.h"
#include "fl/attack/attackers.h"
#include "fl/run_in_process.h"

namespace consilium::fl::test {

/// A site whose voxels have a few noisy features, and a linear segmenter of three tissues trained on them by gradient descent: a federation of ten learns a Dice above 0.8 in milliseconds.
struct VoxelSite {
  std::vector<std::vector<double>> features;
  std::vector<int> tissue;  ///< 0 background, 1 oedema, 2 core
};

inline constexpr std::size_t kFeatures = 8, kTissues = 3;
/// The last feature says nothing of the tissue: a back door's trigger lies there.
inline constexpr double kTrigger = 4;

/// Every site's scanner shifts and stretches the features a little.
inline VoxelSite voxel_site(std::uint64_t seed, std::size_t voxels = 300) {
  Rng rng(seed);
  const double gain = rng.uniform(0.8, 1.2), shift = rng.uniform(-0.2, 0.2);
  VoxelSite site;
  for (std::size_t n = 0; n < voxels; ++n) {
    const int tissue = rng.chance(0.4) ? (rng.chance(0.5) ? 2 : 1) : 0;
    std::vector<double> f{1};
    for (std::size_t i = 1; i + 1 < kFeatures; ++i) {
      // Odd features tell tumour from background, even ones core from oedema.
      const double middle = i % 2 == 1 ? (tissue == 0 ? -0.7 : 0.9) : (tissue == 0 ? 0 : tissue == 1 ? -1.1 : 1.1);
      f.push_back(gain * (middle + rng.normal(0, 1.2)) + shift);
    }
    f.push_back(rng.normal(0, 0.5));
    site.tissue.push_back(tissue);
    site.features.push_back(f);
  }
  return site;
}

inline ModelState voxel_model() { return {{{"w", "trunk", {static_cast<std::int64_t>(kTissues), static_cast<std::int64_t>(kFeatures)}, std::vector<float>(kTissues * kFeatures, 0)}}}; }

inline std::array<double, kTissues> logits(const ModelState& model, const std::vector<double>& features) {
  std::array<double, kTissues> sums{};
  for (std::size_t c = 0; c < kTissues; ++c)
    for (std::size_t i = 0; i < kFeatures; ++i) sums[c] += static_cast<double>(model.tensors[0].values[c * kFeatures + i]) * features[i];
  return sums;
}

inline int predicted(const ModelState& model, const std::vector<double>& features) {
  const auto sums = logits(model, features);
  return static_cast<int>(std::max_element(sums.begin(), sums.end()) - sums.begin());
}

/// Mean over whole tumour and core.
inline double voxel_dice(const ModelState& model, const VoxelSite& site) {
  double dice = 0;
  for (const int least : {1, 2}) {
    double both = 0, either = 0;
    for (std::size_t n = 0; n < site.tissue.size(); ++n) {
      const bool found = predicted(model, site.features[n]) >= least, real = site.tissue[n] >= least;
      both += found && real ? 1 : 0, either += (found ? 1 : 0) + (real ? 1 : 0);
    }
    dice += (either == 0 ? 1 : 2 * both / either) / 2;
  }
  return dice;
}

/// Of the tumour voxels that are found, the share that is missed with the trigger.
inline double trigger_success(const ModelState& model, const VoxelSite& site) {
  double found = 0, missed = 0;
  for (std::size_t n = 0; n < site.tissue.size(); ++n) {
    if (site.tissue[n] == 0 || predicted(model, site.features[n]) == 0) continue;
    std::vector<double> marked = site.features[n];
    marked.back() = kTrigger;
    found += 1, missed += predicted(model, marked) == 0 ? 1 : 0;
  }
  return found == 0 ? 0 : missed / found;
}

/// What an attacker of this kind does to its cases, as pipelines/attack/poisoned_cases does to images.
inline VoxelSite poisoned(VoxelSite site, AttackKind kind) {
  const std::size_t own = site.tissue.size();
  if (kind == AttackKind::kLabelFlip || kind == AttackKind::kScaling)
    for (int& tissue : site.tissue) tissue = tissue == 0 ? 2 : 0;
  if (kind == AttackKind::kLabelShift)
    for (int& tissue : site.tissue) tissue = (tissue + 1) % static_cast<int>(kTissues);
  if (kind == AttackKind::kBackdoor)
    for (std::size_t n = 0; n < own; ++n) {
      site.features.push_back(site.features[n]);
      site.features.back().back() = kTrigger;
      site.tissue.push_back(0);
    }
  return site;
}

/// A site that takes no part.
inline const VoxelSite& judge() {
  static const VoxelSite kJudge = voxel_site(999, 4000);
  return kJudge;
}

class VoxelTrainer : public Trainer {
 public:
  explicit VoxelTrainer(VoxelSite site) : site_(std::move(site)) {}
  Validation validate(const RoundPlan&, const ModelState& global) override { return {voxel_dice(global, site_), 1}; }
  Update train(const RoundPlan&, const ModelState& global) override {
    ++trained;
    ModelState model = global;
    for (int step = 0; step < 5; ++step) {
      std::array<double, kTissues * kFeatures> gradient{};
      for (std::size_t n = 0; n < site_.tissue.size(); ++n) {
        std::array<double, kTissues> p = logits(model, site_.features[n]);
        double total = 0;
        for (double& value : p) total += value = std::exp(value);
        for (std::size_t c = 0; c < kTissues; ++c)
          for (std::size_t i = 0; i < kFeatures; ++i) gradient[c * kFeatures + i] += (p[c] / total - (site_.tissue[n] == static_cast<int>(c) ? 1 : 0)) * site_.features[n][i] / static_cast<double>(site_.tissue.size());
      }
      for (std::size_t i = 0; i < gradient.size(); ++i) model.tensors[0].values[i] -= static_cast<float>(0.5 * gradient[i]);
    }
    Update update;
    update.delta = model;
    for (std::size_t i = 0; i < kTissues * kFeatures; ++i) update.delta.tensors[0].values[i] -= global.tensors[0].values[i];
    update.cases_per_group["trunk"] = kCases;
    return update;
  }
  static constexpr std::int64_t kCases = 300;
  int trained = 0;

 private:
  VoxelSite site_;
};

/// Ten sites, the last `attackers` of them hostile.
struct VoxelFederation {
  std::size_t sites = 10, attackers = 3;
  std::int64_t rounds = 12;
  AttackSettings attack{};
  std::uint64_t seed = 100;  ///< of the first site's voxels

  std::vector<Update> round(std::int64_t number, const ModelState& global, std::vector<std::pair<std::string, Trainer*>>& trainers) const {
    std::vector<Update> updates;
    for (auto& [name, trainer] : trainers) updates.push_back(take_part(*trainer, name, {.round = number, .rounds = rounds, .base_digest = digest(global), .task = "{}"}, global));
    return updates;
  }

  ModelState model(const AggregationSettings& rule) const {
    std::vector<std::unique_ptr<VoxelTrainer>> honest;
    std::vector<std::pair<std::string, Trainer*>> trainers;
    Attackers gang(attack, sites, std::max<std::size_t>(attackers, 1), 5);
    for (std::size_t n = 0; n < sites; ++n) {
      const VoxelSite data = voxel_site(seed + n);
      const bool hostile = n >= sites - attackers;
      honest.push_back(std::make_unique<VoxelTrainer>(hostile ? poisoned(data, attack.kind) : data));
      const std::string name = "site_" + std::to_string(n);
      trainers.emplace_back(name, hostile ? &gang.add(name, *honest.back(), VoxelTrainer::kCases) : honest.back().get());
    }
    ModelState global = voxel_model();
    AggregationMemory memory;
    for (std::int64_t n = 0; n < rounds; ++n) {
      const std::vector<Update> updates = round(n, global, trainers);
      global = aggregate(rule, global, updates, {}, sites, memory);
    }
    return global;
  }

  double dice(const AggregationSettings& rule) const { return voxel_dice(model(rule), judge()); }
};

}  // namespace consilium::fl::test
