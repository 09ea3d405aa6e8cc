#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "fl/run_in_process.h"
#include "fl/secure/fixed_point.h"
#include "pipelines/modality_subsets.h"
#include "pipelines/site_model.h"
#include "pipelines/site_trainer.h"
#include "pipelines/train_model.h"
#include "tests/support/refusal.h"
#include "tests/support/tiny_site.h"
#include "tests/support/tiny_training.h"

// Sites with other machines than one another, with real training of a tiny network of two modalities.
namespace consilium::pipelines {
namespace {

using testing::HasSubstr;

Json two_modalities(std::int64_t rounds) {
  Json json = test::tiny_training(4 * rounds, rounds);
  json["normalise"]["missing"] = "absent";
  json["model"]["multimodal"] = {{"modalities", {{{"name", "A"}}, {{"name", "B"}}}}};
  return json;
}

/// Remembers what its site sent.
class Recorder : public fl::Trainer {
 public:
  explicit Recorder(fl::Trainer& trainer) : trainer_(trainer) {}
  fl::Validation validate(const fl::RoundPlan& plan, const ModelState& global) override { return trainer_.validate(plan, global); }
  fl::Update train(const fl::RoundPlan& plan, const ModelState& global) override {
    updates.push_back(trainer_.train(plan, global));
    return updates.back();
  }
  std::vector<fl::Update> updates;

 private:
  fl::Trainer& trainer_;
};

class MultimodalSites : public testing::Test {
 protected:
  MultimodalSites() {
    test::write_tiny_site(folder.path() / "site", "p", 3, 0, 11);
    const auto cases = prepare_site(folder.path() / "site", settings, imaging::label_scheme("brats2023"));
    for (const auto& [name, owned] : std::map<std::string, ChannelSet>{{"a_only", {true, false}}, {"also_a", {true, false}}, {"both", {true, true}}})
      for (const PreparedCase& c : cases) site_cases[name].push_back(with_channels_only(c, owned, settings));
  }
  /// One federation of these sites from the settings' initial model; nothing of another run is in the way.
  fl::FinishedRun federate(const std::vector<std::string>& names, fl::ProtectionSettings protection = {}) {
    ++runs;
    trainers.clear();
    recorders.clear();
    fl::FederationSettings federation;
    federation.sites = names;
    federation.rounds = settings.rounds;
    federation.quorum = static_cast<std::int64_t>(names.size());
    federation.protection = std::move(protection);
    federation.task = to_json(settings).dump();
    std::vector<std::pair<std::string, fl::Trainer*>> sites;
    for (const std::string& name : names) {
      trainers.push_back(std::make_unique<SiteTrainer>(name, split_by_folders(site_cases.at(name), name, settings), state_of(name)));
      recorders[name] = std::make_unique<Recorder>(*trainers.back());
      sites.emplace_back(name, recorders[name].get());
    }
    return fl::run_in_process(federation, initial, sites, folder.path() / ("run_" + std::to_string(runs)));
  }
  fs::path state_of(const std::string& name) const { return folder.path() / ("sites_" + std::to_string(runs)) / name; }
  static fl::ProtectionSettings masked() {
    fl::ProtectionSettings protection;
    protection.secure_aggregation = fl::SecureAggregationSettings{.threshold = 3};
    return protection;
  }

  TemporaryFolder folder;
  TrainingSettings settings = parse_training_settings(two_modalities(1), "tiny");
  ModelState initial = initial_model(settings).state();
  std::map<std::string, std::vector<PreparedCase>> site_cases;
  std::vector<std::unique_ptr<SiteTrainer>> trainers;
  std::map<std::string, std::unique_ptr<Recorder>> recorders;
  int runs = 0;
};

TEST_F(MultimodalSites, ASiteWithoutAModalitySendsNothingOfItsStemAndSaysSo) {
  for (const double mu : {0.0, 0.1}) {
    settings.proximal_mu = mu;
    federate({"a_only", "also_a", "both"});
    const fl::Update& update = recorders.at("a_only")->updates.at(0);
    EXPECT_EQ(update.cases_per_group.at("stem.B"), 0);
    EXPECT_EQ(update.cases_per_group.at("stem.A"), 2);
    EXPECT_EQ(recorders.at("both")->updates.at(0).cases_per_group.at("stem.B"), 2);
    std::size_t trunk = 0;
    for (const NamedTensor& tensor : update.delta.tensors) {
      EXPECT_NE(tensor.group, "stem.B") << tensor.name;
      EXPECT_NE(tensor.group, "projector.B") << tensor.name;
      trunk += tensor.group == "trunk" ? 1 : 0;
    }
    EXPECT_GT(trunk, 0U);
    for (const auto& [group, cases] : update.cases_per_group) EXPECT_TRUE(cases > 0 || fl::is_conditional({}, group)) << group << ": a sum over the sites that train it may be a sum over one";
  }
}

/// Sum over owners of n d over n, with one owner: d itself, as it was sent or as a multiple of 2^-24.
TEST_F(MultimodalSites, AStemIsMovedByItsOwnersOnlyBitForBitWithAndWithoutSecureAggregation) {
  for (const bool hidden : {false, true}) {
    const fl::FinishedRun run = federate({"a_only", "also_a", "both"}, hidden ? masked() : fl::ProtectionSettings{});
    const fl::FixedPoint code = fl::fixed_point_of(fl::SecureAggregationSettings{});
    std::size_t moved = 0;
    for (const NamedTensor& delta : recorders.at("both")->updates.at(0).delta.tensors) {
      if (delta.group != "stem.B") continue;
      const NamedTensor &before = *find_tensor(initial, delta.name), &after = *find_tensor(run.state.global, delta.name);
      for (std::size_t n = 0; n < delta.values.size(); ++n) {
        const auto d = static_cast<double>(delta.values[n]);
        const double step = hidden ? static_cast<double>(static_cast<float>(code.decode(static_cast<std::uint64_t>(code.encode(d))))) : d;
        ASSERT_EQ(after.values[n], static_cast<float>(static_cast<double>(before.values[n]) + step)) << delta.name << (hidden ? ", masked" : "");
        moved += after.values[n] != before.values[n] ? 1 : 0;
      }
    }
    EXPECT_GT(moved, 0U);
  }
}

TEST_F(MultimodalSites, AStemThatNoSiteOwnsStaysBitForBitWithAndWithoutSecureAggregation) {
  settings = parse_training_settings(two_modalities(2), "tiny");
  for (const PreparedCase& c : site_cases.at("a_only")) site_cases["third_a"].push_back(c);
  for (const bool hidden : {false, true}) {
    const fl::FinishedRun run = federate({"a_only", "also_a", "third_a"}, hidden ? masked() : fl::ProtectionSettings{});
    for (const NamedTensor& before : initial.tensors) {
      if (before.group != "stem.B" && before.group != "projector.B") continue;
      EXPECT_EQ(find_tensor(run.state.global, before.name)->values, before.values) << before.name;
    }
    EXPECT_NE(run.state.global, initial);
  }
}

TEST_F(MultimodalSites, AnchorsAreTheMeanOfTheSitesClassMeansByTheirCases) {
  const fl::FinishedRun run = federate({"a_only", "both"});
  std::size_t checked = 0;
  for (const NamedTensor& anchor : run.state.global.tensors) {
    if (!anchor.group.starts_with("anchors.")) continue;
    std::vector<double> sum(anchor.values.size(), 0);
    double cases = 0;
    for (const auto& [name, recorder] : recorders) {
      const fl::Update& update = recorder->updates.at(0);
      const NamedTensor* delta = find_tensor(update.delta, anchor.name);
      const auto own = static_cast<double>(update.cases_per_group.at(anchor.group));
      ASSERT_EQ(delta == nullptr, own == 0) << anchor.name << " of " << name;
      cases += own;
      for (std::size_t n = 0; delta != nullptr && n < sum.size(); ++n) sum[n] += own * static_cast<double>(delta->values[n]);
    }
    if (cases == 0) continue;
    ++checked;
    for (std::size_t n = 0; n < sum.size(); ++n) EXPECT_EQ(anchor.values[n], static_cast<float>(sum[n] / cases)) << "from zeros: " << anchor.name;
  }
  EXPECT_GT(checked, 1U) << "background and tumour";
}

TEST_F(MultimodalSites, AStemOfOneOwnerIsItsOwnAndTheGlobalModelKeepsTheInitialOne) {
  settings = parse_training_settings(two_modalities(3), "tiny");
  fl::ProtectionSettings protection;
  protection.groups = fl::GroupOwners{.least_owners = 2};
  const fl::FinishedRun run = federate({"a_only", "also_a", "both"}, protection);
  const ModelState own = model_at_site(settings, state_of("both"), run.state.global, 3), others = model_at_site(settings, state_of("a_only"), run.state.global, 3);
  for (const NamedTensor& before : initial.tensors) {
    if (before.group != "stem.B" && before.group != "fusion.several") continue;
    EXPECT_EQ(find_tensor(run.state.global, before.name)->values, before.values) << before.name;
    EXPECT_EQ(find_tensor(others, before.name)->values, before.values) << before.name;
    if (before.name.find(".gate.") == std::string::npos) EXPECT_NE(find_tensor(own, before.name)->values, before.values) << before.name;
  }
  EXPECT_TRUE(has_site_models(settings, protection));
  // It goes on from round to round: two rounds of its own training, the first one went into no model.
  EXPECT_NE(model_at_site(settings, state_of("both"), run.state.global, 2), own);
}

TEST(MultimodalTraining, WhatDoesNotGoWithModalitiesIsRefusedWithTheReason) {
  const auto words = [](const Json& change) {
    Json json = two_modalities(1);
    json.merge_patch(change);
    return consilium::test::refusal(ErrorCode::kUsage, [&] { parse_training_settings(json, "training"); });
  };
  EXPECT_THAT(words({{"local", {{"control_variates", "mean_gradient"}}}}), HasSubstr("training.local.control_variates: SCAFFOLD moves every weight"));
  EXPECT_THAT(words({{"local", {{"feddc_alpha", 0.1}}}, {"fit", {{"optimiser", {{"kind", "sgd"}}}}}}), HasSubstr("training.local.feddc_alpha"));
  EXPECT_THAT(words({{"clusters", {{"count", 2}}}}), HasSubstr("training.clusters: anchors are one for the federation"));
  const Json privacy{{"privacy", {{"clip", 1}, {"noise_multiplier", 1}}}};
  EXPECT_THAT(words(privacy), HasSubstr("anchors are means over a site's cases, which would leave it without noise"));
  Json without_anchors = privacy;
  without_anchors["model"]["multimodal"]["anchor_weight"] = 0;
  EXPECT_THAT(words(without_anchors), HasSubstr("contrastive_weight: the loss of one case hangs on the others"));
}

}  // namespace
}  // namespace consilium::pipelines
