#pragma once

#include "base/rng.h"
#include "models/state/safetensors.h"
#include "tests/fl/peer_federation.h"

namespace consilium::fl::test {

using consilium::test::Process;
using consilium::test::wait_until;

/// kill -9 at random instants, over all peers and the relay: the model is the undisturbed one, bit for bit. One peer is reached by the relay only.
class PeerKills : public PeerFederation, public testing::WithParamInterface<Topology> {
 protected:
  static constexpr std::int64_t kRounds = 8;
  static constexpr int kKills = 4;

  std::vector<std::string> words_of(const std::string& who) const {
    const std::string program = CONSILIUM_BINARY_DIR "/bin/toy_process";
    std::vector<std::string> words{program, "relay", keys().string(), (folder.path() / "relay").string(), relay_address};
    if (who == "relay") {
      words.insert(words.end(), names.begin(), names.end());
      return words;
    }
    words = {program, "peer", keys().string(), who, (folder.path() / who).string(), relay_address, "20", std::string(to_string(GetParam())), std::to_string(kRounds)};
    for (const std::string& name : names) words.push_back(name + "=" + (name == "western" ? "" : addresses.at(name)));
    return words;
  }
  void start(const std::string& who) { processes_[who] = std::make_unique<Process>(words_of(who)); }
  bool is_over() {
    return std::none_of(names.begin(), names.end(), [&](const std::string& name) { return processes_[name]->running(); });
  }

  std::map<std::string, std::unique_ptr<Process>> processes_;
};

TEST_P(PeerKills, AtAnyInstantChangeNoBit) {
  relay_address = consilium::test::free_address();
  std::vector<std::string> all = names;
  all.push_back("relay");
  for (const std::string& who : all) start(who);
  ASSERT_TRUE(wait_until([&] { return processes_["east"]->err().find("training") != std::string::npos; })) << processes_["east"]->err();
  Rng rng(static_cast<std::uint64_t>(GetParam()) + 1);
  int kills = 0;
  while (kills < kKills && !is_over()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(rng.below(1500)));
    const std::string& victim = all[rng.below(all.size())];
    if (!processes_[victim]->running()) continue;
    processes_[victim]->signal(SIGKILL);
    processes_[victim]->wait();
    start(victim);
    ++kills;
  }
  EXPECT_GT(kills, 0);
  PeerSettings settings = this->settings(GetParam(), kRounds);
  const auto expected = in_process(settings);
  for (const std::string& name : names) {
    EXPECT_EQ(processes_[name]->wait(100), 0) << name << ": " << processes_[name]->err();
    if (HasFailure()) return;
    const ModelState found = read_safetensors(folder.path() / name / "model.safetensors").state;
    // In gossip a neighbour goes on with what it has heard: the model depends on who was away when.
    EXPECT_TRUE(GetParam() == Topology::kGossip || found == expected.at(name).best) << name << " after " << kills << " kills: " << processes_[name]->err();
  }
}

}  // namespace consilium::fl::test
