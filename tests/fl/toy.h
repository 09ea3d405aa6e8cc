#pragma once

#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "fl/coordinator.h"
#include "fl/trainer.h"

namespace consilium::fl::test {

inline ModelState toy_model(float value = 0) {
  ModelState state;
  state.tensors.push_back({"a.weight", "trunk", {2, 3}, std::vector<float>(6, value)});
  state.tensors.push_back({"b.weight", "head", {400000}, std::vector<float>(400000, value)});  // more than one chunk on the wire
  return state;
}

inline FederationSettings toy_settings(std::int64_t rounds = 3) { return {.sites = {"east", "north", "west"}, .rounds = rounds, .quorum = 2, .deadline_seconds = 30, .task = R"({"steps":1})"}; }

inline Update toy_update(const RoundPlan& plan, float delta, std::int64_t cases) {
  Update update;
  update.round = plan.round;
  update.base_digest = plan.base_digest;
  if (!plan.is_last_look()) update.delta = toy_model(delta);
  update.cases_per_group = {{"trunk", cases}, {"head", cases}};
  update.validation = {0.1, 1};
  update.metrics = {{"loss", 1.5}};
  return update;
}

/// Adds a constant, and says that the model gets better with every round up to `peak`, and worse after.
class ToyTrainer : public Trainer {
 public:
  ToyTrainer(float delta, std::int64_t cases, std::int64_t peak = 100, int milliseconds = 0) : delta_(delta), cases_(cases), peak_(peak), milliseconds_(milliseconds) {}
  Validation validate(const RoundPlan& plan, const ModelState&) override { return {plan.round <= peak_ ? 0.01 * static_cast<double>(plan.round) : 0, 2}; }
  Update train(const RoundPlan& plan, const ModelState& global) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds_));
    ++trained;
    Update update = toy_update(plan, delta_ * (1 + global.tensors[0].values[0]), cases_);
    return update;
  }
  int trained = 0;

 private:
  float delta_;
  std::int64_t cases_, peak_;
  int milliseconds_;
};

/// Lets nobody train beyond a round before `open()`: a test that stops a coordinator after that round must not race with its sites.
class Gate {
 public:
  explicit Gate(std::int64_t last_round) : last_round_(last_round) {}
  void open() { opened_.set_value(); }
  void pass(std::int64_t round) const {
    if (round > last_round_) is_open_.wait_for(std::chrono::seconds(60));  // a test that fails before it opens must end
  }

 private:
  std::int64_t last_round_;
  std::promise<void> opened_;
  std::shared_future<void> is_open_ = opened_.get_future().share();
};

class GatedTrainer : public ToyTrainer {
 public:
  GatedTrainer(const Gate& gate, float delta, std::int64_t cases) : ToyTrainer(delta, cases), gate_(gate) {}
  Update train(const RoundPlan& plan, const ModelState& global) override {
    gate_.pass(plan.round);
    return ToyTrainer::train(plan, global);
  }

 private:
  const Gate& gate_;
};

}  // namespace consilium::fl::test
