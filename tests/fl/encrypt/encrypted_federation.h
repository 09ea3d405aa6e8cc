#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>

#include "base/files.h"
#include "base/rng.h"
#include "fl/encrypt/encrypted_round.h"
#include "fl/encrypt/encrypting_site.h"

namespace consilium::test {

inline ModelState two_groups() {
  return {{{"a.weight", "stem.ct", {3, 5}, std::vector<float>(15)}, {"b.bias", "trunk", {7}, std::vector<float>(7)}, {"c.weight", "trunk", {40, 1000}, std::vector<float>(40000)}}};
}

/// One encrypted round between a coordinator and sites of this process; what the coordinator hands out and gets can be changed on its way.
struct EncryptedFederation {
  explicit EncryptedFederation(std::size_t sites, fl::EncryptionSettings settings = {}) {
    for (std::size_t n = 0; n < sites; ++n) names.push_back("site_" + std::string(n < 10 ? "0" : "") + std::to_string(n));
    members = fl::simulated_members(names);
    plan.round = 1;
    plan.rounds = 3;
    plan.base_digest = std::string(64, 'b');
    plan.task = "{}";
    plan.protection.encryption = settings;
    Rng rng(11);
    for (std::size_t n = 0; n < sites; ++n) {
      fl::Update update;
      update.round = plan.round;
      update.base_digest = plan.base_digest;
      update.delta = model;
      for (NamedTensor& tensor : update.delta.tensors)
        for (float& value : tensor.values) value = static_cast<float>(1e-2 * rng.normal());
      update.cases_per_group = {{"stem.ct", static_cast<std::int64_t>(n % 3)}, {"trunk", static_cast<std::int64_t>(10 + n)}};  // the first has no CT
      update.validation = {0.5 + 0.01 * static_cast<double>(n), static_cast<std::int64_t>(2 + n), 1};
      update.metrics = {{"loss", 1.5 + static_cast<double>(n)}, {"secret", 42}};
      updates[names[n]] = update;
      start(names[n]);
    }
    open_round();
  }
  void open_round(const std::string& key = {}) {
    for (auto& [site, update] : updates) update.round = plan.round;
    round = std::make_unique<fl::EncryptedRound>(plan, names, model, fl::EncryptedRoundOptions{.folder = folder.path() / "coordinator", .federation = "run", .upload_seconds = 100, .key = key});
  }
  /// As after a kill.
  void start(const std::string& site) {
    running[site] = std::make_unique<fl::EncryptingSite>(fl::EncryptingSiteOptions{members.identities.at(site), members.check, folder.path() / site, "run"});
  }

  /// Every site that is there answers once; what came of it by site.
  std::map<std::string, fl::Receipt> turn() {
    std::map<std::string, fl::Receipt> receipts;
    for (const std::string& site : names) {
      if (!running.contains(site)) continue;
      std::optional<fl::RoundStage> stage = round->stage_for(site);
      if (!stage) continue;
      change_stage(site, *stage);
      std::optional<fl::StageAnswer> answer = running.at(site)->answer(*stage, plan, model, updates.at(site));
      if (!answer) continue;
      if (!answer->file.empty()) {  // the coordinator has a file of its own
        const fs::path copy = folder.path() / "coordinator" / (site + ".kept");
        fs::create_directories(copy.parent_path());
        fs::copy_file(answer->file, copy, fs::copy_options::overwrite_existing);
        answer->file = copy;
      }
      change_answer(site, *answer);
      if (!answer->declined.empty()) declined[site] = answer->declined;
      receipts[site] = round->receive(site, *answer, now);
    }
    return receipts;
  }
  /// Goes on until there is a sum, or nothing happens any more.
  std::optional<fl::ProtectedSum> run(int turns = 16) {
    for (int n = 0; n < turns; ++n) {
      turn();
      if (round->is_gathering() && round->waiting_for().empty() && round->hindrance().empty() && static_cast<std::int64_t>(round->answered().size()) >= round->least()) round->begin(now);
      round->advance(now);
      if (auto sum = round->take_sum()) return sum;
      now += 20;
    }
    return std::nullopt;
  }
  /// Turns until the round is at that step, before anybody has answered it.
  void reach(std::uint32_t step) {
    turn();
    if (step > fl::kCommit) round->begin(now);
    for (std::uint32_t at = fl::kShow; at < step; ++at) {
      turn();
      round->advance(now);
    }
  }

  TemporaryFolder folder;
  ModelState model = two_groups();
  fl::RoundPlan plan;
  std::vector<std::string> names;
  fl::SimulatedMembers members;
  std::map<std::string, fl::Update> updates;
  std::map<std::string, std::unique_ptr<fl::EncryptingSite>> running;
  std::unique_ptr<fl::EncryptedRound> round;
  double now = 0;
  std::map<std::string, std::string> declined;
  std::function<void(const std::string&, fl::RoundStage&)> change_stage = [](const std::string&, fl::RoundStage&) {};
  std::function<void(const std::string&, fl::StageAnswer&)> change_answer = [](const std::string&, fl::StageAnswer&) {};
};

/// Half a step of 2^-20, and float32's own.
inline constexpr double kFixedPointTolerance = 0.5 / (1 << 20) + 1e-7;

/// Mean of a value over the sites that trained its group, in float64.
inline double mean_of(const EncryptedFederation& federation, const std::vector<std::string>& sites, std::size_t tensor, std::size_t n) {
  double sum = 0, cases = 0;
  for (const std::string& site : sites) {
    const fl::Update& update = federation.updates.at(site);
    const auto weight = static_cast<double>(update.cases_per_group.at(update.delta.tensors[tensor].group));
    sum += weight * static_cast<double>(update.delta.tensors[tensor].values[n]);
    cases += weight;
  }
  return sum / cases;
}

inline void expect_mean(const EncryptedFederation& federation, const std::optional<fl::ProtectedSum>& sum, const std::vector<std::string>& sites) {
  ASSERT_TRUE(sum.has_value());
  EXPECT_EQ(sum->contributors, sites);
  ASSERT_EQ(sum->mean.delta.tensors.size(), federation.model.tensors.size());
  for (std::size_t t = 0; t < federation.model.tensors.size(); ++t)
    for (std::size_t n = 0; n < federation.model.tensors[t].values.size(); ++n)
      ASSERT_NEAR(sum->mean.delta.tensors[t].values[n], mean_of(federation, sites, t, n), kFixedPointTolerance) << t << " " << n;
}

}  // namespace consilium::test
