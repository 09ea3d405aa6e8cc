#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/rng.h"
#include "fl/aggregate/fedavg.h"
#include "fl/peers/run_peers_in_process.h"

namespace consilium::fl::test {

/// Three tensors in two groups, whose segments end within tensors.
inline ModelState small_model(float value = 0.5F) {
  return {{{"a.weight", "trunk", {2, 3}, std::vector<float>(6, value)}, {"b.weight", "head", {11}, std::vector<float>(11, value)}, {"c.bias", "head", {4}, std::vector<float>(4, value)}}};
}

/// Training whose result depends on site, round and weights, and whose sums need every bit: float32 numbers of many magnitudes.
class SmallTrainer : public Trainer {
 public:
  SmallTrainer(std::string site, std::int64_t cases) : site_(std::move(site)), cases_(cases) {}
  Validation validate(const RoundPlan& plan, const ModelState& global) override {
    return plan.round == 0 ? Validation{} : Validation{0.5 + 0.4 * std::tanh(static_cast<double>(global.tensors[0].values[0])), cases_};
  }
  Update train(const RoundPlan& plan, const ModelState& global) override {
    ++trained;
    Rng rng = Rng(7).fork(site_).fork(static_cast<std::uint64_t>(plan.round));
    Update update;
    update.delta = global;
    update.cases_per_group = {{"trunk", cases_}, {"head", cases_ + 1}};
    update.metrics = {{"loss", rng.uniform()}};
    for (NamedTensor& tensor : update.delta.tensors)
      for (float& value : tensor.values) value = static_cast<float>(rng.normal() * std::exp2(rng.uniform(-20, 4)) - 0.01 * static_cast<double>(value));
    return update;
  }
  int trained = 0;

 private:
  std::string site_;
  std::int64_t cases_;
};

/// Peers "a", "b", ... with their trainers; site n has 3 n + 1 cases.
struct SmallPeers {
  explicit SmallPeers(Topology topology, std::size_t count = 5, std::int64_t rounds = 4) {
    settings.topology = topology;
    settings.rounds = rounds;
    settings.liveness_seconds = 8;
    settings.deadline_seconds = 600;
    for (std::size_t n = 0; n < count; ++n) {
      const std::string name(1, static_cast<char>('a' + n));
      settings.peers.push_back(name);
      trainers.push_back(std::make_unique<SmallTrainer>(name, 3 * static_cast<std::int64_t>(n) + 1));
      of[name] = trainers.back().get();
    }
  }
  PeerRun run(const VirtualNetwork& network = {}) {
    VirtualNetwork bounded = network;
    bounded.most_seconds = std::min(bounded.most_seconds, 20000.0);
    return run_peers_in_process(settings, small_model(), of, bounded, {}, on_record);
  }

  PeerSettings settings;
  std::vector<std::unique_ptr<SmallTrainer>> trainers;
  std::map<std::string, Trainer*> of;
  std::function<void(const std::string&, const PeerRecord&)> on_record;
};

/// What a coordinator's FedAvg makes of the updates that a history says were taken: bit for bit what it has to be. Updates that came a round late are
/// rebuilt from the round they belong to.
inline ModelState fed_avg_of_history(SmallPeers& peers, const std::vector<RoundReport>& reports) {
  ModelState global = small_model(), before = global;
  for (const RoundReport& report : reports) {
    const bool last_look = report.round >= peers.settings.rounds;
    std::vector<Update> updates;
    for (const SiteOutcome& site : report.sites) {
      if (!takes_part(site) || last_look) continue;
      const bool late = site.participation == Participation::kMerged;
      Update update = peers.of.at(site.site)->train({report.round - (late ? 1 : 0), peers.settings.rounds, "", ""}, late ? before : global);
      if (late)
        for (NamedTensor& tensor : update.delta.tensors)
          for (float& value : tensor.values) value *= static_cast<float>(staleness_discount(1));
      update.site = site.site;
      updates.push_back(std::move(update));
    }
    before = global;
    global = fed_avg(global, updates);
  }
  return global;
}

/// A network that loses, repeats and reorders, and peers that fall silent or are killed: at most `most` of them at a time, for a while, drawn from `seed`.
inline VirtualNetwork rough_network(const SmallPeers& peers, std::uint64_t seed, std::size_t most) {
  Rng rng = Rng(seed).fork("rough network");
  VirtualNetwork network{.delay_low_seconds = 0.01, .delay_high_seconds = rng.uniform(0.05, 2), .drop = rng.uniform(0, 0.3), .duplicate = rng.uniform(0, 0.3), .seed = seed};
  for (const std::string& peer : peers.settings.peers) network.training_seconds[peer] = rng.uniform(0.2, 15);
  double at = 0;
  for (int n = 0; n < 4; ++n) {
    at += rng.uniform(0, 12);
    const double end = at + rng.uniform(0.5, 40);
    std::vector<std::string> names = peers.settings.peers;
    for (std::size_t k = 0; k < most; ++k) {
      const std::size_t who = rng.below(names.size());
      network.outages.push_back({names[who], at, end, rng.chance(0.6)});
      names.erase(names.begin() + static_cast<std::ptrdiff_t>(who));
    }
    at = end;
  }
  return network;
}

}  // namespace consilium::fl::test
