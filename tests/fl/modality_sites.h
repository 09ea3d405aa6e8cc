#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/rng.h"
#include "fl/run_in_process.h"

namespace consilium::fl::test {

inline ModelState stems_and_trunk() {
  ModelState model{{{"anchors.lesion", "anchors.lesion", {4}, {}}, {"ct.weight", "stem.ct", {5, 3}, {}}, {"mr.weight", "stem.mr", {7}, {}}, {"pet.weight", "stem.pet", {2, 2}, {}}, {"trunk.weight", "trunk", {20}, {}}}};
  Rng rng(3);
  for (NamedTensor& tensor : model.tensors) {
    tensor.values.resize(static_cast<std::size_t>(element_count(tensor.shape)));
    for (float& value : tensor.values) value = static_cast<float>(rng.normal());
  }
  return model;
}

/// A hospital with its machines: trains the stems of its modalities as the plan says, and the trunk. What it trains is drawn by site, round and tensor, and does not depend on what it starts from.
class ModalityTrainer : public Trainer {
 public:
  ModalityTrainer(std::string site, std::map<std::string, std::int64_t> cases) : site_(std::move(site)), cases_(std::move(cases)) {}
  Validation validate(const RoundPlan&, const ModelState&) override { return {0.5, 1}; }
  Update train(const RoundPlan& plan, const ModelState& global) override {
    plans.push_back(plan);
    Update update;
    for (const NamedTensor& tensor : global.tensors) {
      const auto own = cases_.find(tensor.group);
      update.cases_per_group[tensor.group] = own == cases_.end() ? 0 : own->second;
      if (own == cases_.end()) continue;
      const auto& groups = plan.protection.groups;
      if (obeys && groups && use_of(*groups, tensor.group, plan.protection.is_plain()) != GroupUse::kShared) continue;
      update.delta.tensors.push_back(delta(plan.round, tensor));
    }
    return update;
  }
  NamedTensor delta(std::int64_t round, NamedTensor tensor) const {
    Rng rng = Rng(7).fork(site_).fork(tensor.name).fork(static_cast<std::uint64_t>(round));
    for (float& value : tensor.values) value = static_cast<float>(0.1 * rng.normal());
    return tensor;
  }
  std::int64_t cases(const std::string& group) const {
    const auto own = cases_.find(group);
    return own == cases_.end() ? 0 : own->second;
  }
  const std::string& site() const { return site_; }

  bool obeys = true;  ///< else it sends everything that it has, whatever the plan says
  std::vector<RoundPlan> plans;

 private:
  std::string site_;
  std::map<std::string, std::int64_t> cases_;
};

/// Four hospitals, of which three own CT, two MR, one PET.
struct ModalitySites {
  std::vector<ModalityTrainer> trainers{{"basel", {{"trunk", 4}, {"stem.ct", 4}, {"anchors.lesion", 3}}},
                                        {"bern", {{"trunk", 6}, {"stem.ct", 5}, {"stem.mr", 6}, {"anchors.lesion", 5}}},
                                        {"genf", {{"trunk", 3}, {"stem.mr", 3}, {"anchors.lesion", 2}}},
                                        {"zug", {{"trunk", 7}, {"stem.ct", 2}, {"stem.pet", 7}, {"anchors.lesion", 7}}}};

  FederationSettings settings(std::int64_t rounds = 2) const {
    FederationSettings settings;
    for (const ModalityTrainer& trainer : trainers) settings.sites.push_back(trainer.site());
    settings.rounds = rounds;
    settings.quorum = 4;
    return settings;
  }
  FinishedRun run(const FederationSettings& settings, const std::filesystem::path& folder) {
    std::vector<std::pair<std::string, Trainer*>> named;
    for (ModalityTrainer& trainer : trainers) named.emplace_back(trainer.site(), &trainer);
    return run_in_process(settings, stems_and_trunk(), named, folder);
  }
  /// What the weighted mean of the owners of a tensor in a round is, for each of its values: sum of n d over sum of n, where `term` makes what is added of a site's value and cases.
  template <typename Term>
  std::vector<double> owners_mean(const NamedTensor& tensor, std::int64_t round, Term term) const {
    std::vector<double> sums(tensor.values.size(), 0);
    std::int64_t total = 0;
    for (const ModalityTrainer& trainer : trainers) {
      const std::int64_t cases = trainer.cases(tensor.group);
      if (cases == 0) continue;
      total += cases;
      const NamedTensor delta = trainer.delta(round, tensor);
      for (std::size_t n = 0; n < sums.size(); ++n) sums[n] += term(delta.values[n], cases);
    }
    for (double& sum : sums) sum /= static_cast<double>(total);
    return sums;
  }
};

inline std::vector<float> moved(const std::vector<float>& values, const std::vector<double>& steps) {
  std::vector<float> result;
  for (std::size_t n = 0; n < values.size(); ++n) result.push_back(static_cast<float>(static_cast<double>(values[n]) + steps[n]));
  return result;
}

}  // namespace consilium::fl::test
