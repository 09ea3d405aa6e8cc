#pragma once

#include <chrono>
#include <string>
#include <thread>

#include "base/rng.h"
#include "fl/federation_settings.h"
#include "fl/trainer.h"

namespace consilium::fl::test {

constexpr std::int64_t kNoiseParameters = 300006;

inline ModelState noise_state(const Rng& seed, float scale, std::int64_t parameters = kNoiseParameters) {
  ModelState state;
  Rng rng = seed;
  for (const auto& [name, group, count] : {std::tuple{"a.weight", "trunk", std::int64_t{6}}, std::tuple{"b.weight", "head", parameters - 6}}) {
    NamedTensor tensor{name, group, {count}, {}};
    for (std::int64_t n = 0; n < count; ++n) tensor.values.push_back(scale * static_cast<float>(rng.uniform() - 0.5));
    state.tensors.push_back(std::move(tensor));
  }
  return state;
}
/// 1.2 MB, or as much as is asked for, whose chunks all differ.
inline ModelState noise_model(std::int64_t parameters = kNoiseParameters) { return noise_state(Rng(1), 1, parameters); }

/// Where sums are of groups of sites, a rule has to compare them.
inline void compare_groups(FederationSettings& settings) {
  if (settings.protection.secure_aggregation && settings.protection.secure_aggregation->group_size > 0) settings.aggregation.rule = AggregationRule::kMedian;
}

/// Sends noise that depends on the site, the round and the model it got: whatever goes wrong on the way shows in every later byte.
class NoiseTrainer : public Trainer {
 public:
  NoiseTrainer(std::string site, int milliseconds) : site_(std::move(site)), milliseconds_(milliseconds) {}
  Validation validate(const RoundPlan& plan, const ModelState&) override { return {static_cast<double>(plan.round % 7) / 10, 2}; }
  Update train(const RoundPlan& plan, const ModelState& global) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds_));
    Update update;
    update.delta = noise_state(Rng(2).fork(site_).fork(static_cast<std::uint64_t>(plan.round)), 0.1F + 0.01F * global.tensors[0].values[0],
                               global.tensors[0].shape[0] + global.tensors[1].shape[0]);
    update.cases_per_group = {{"trunk", 3}, {"head", static_cast<std::int64_t>(site_.size())}};
    return update;
  }

 private:
  std::string site_;
  int milliseconds_;
};

}  // namespace consilium::fl::test
