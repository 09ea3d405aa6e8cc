#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "fl/keys.h"
#include "tests/fl/link_networks.h"
#include "tests/fl/noise_trainer.h"
#include "tests/support/process.h"
#include "tests/support/relay.h"

// Links of real hospitals between network namespaces: 4 Mbit/s, 150 ms there and back, 2 % of the packets lost, and an outage: by the kernel's netem, by a program between TUN devices
// where the kernel has none, and without root through relays.
namespace consilium::fl {
namespace {

using consilium::test::Process;
using consilium::test::Relay;
using consilium::test::wait_until;
using test::kSites;

constexpr int kRounds = 20;

double outage_seconds() {
  const char* const wanted = std::getenv("CONSILIUM_OUTAGE_SECONDS");
  return wanted == nullptr ? 360 : std::atof(wanted);
}

/// Goal 4 and failure F6: a coordinator and eight sites as processes. CONSILIUM_OUTAGE_SECONDS: six minutes unless it says otherwise.
class Links : public testing::Test {
 protected:
  Links() {
    for (int n = 0; n < kSites; ++n) names_.push_back("site_" + std::to_string(n));
    init_authority(keys());
    issue_certificate(keys(), "hub", {.role = Role::kCoordinator, .hosts = {"10.77.0.1", "127.0.0.1"}});
    for (const std::string& name : names_) issue_certificate(keys(), name);
  }
  fs::path keys() const { return folder_.path() / "keys"; }
  void start_hub(const std::string& listen, std::vector<std::string> words = {}) {
    for (const std::string& word : {kProgram, std::string("coordinator"), keys().string(), (folder_.path() / "hub").string(), listen, std::to_string(kRounds), std::to_string(test::kNoiseParameters)}) words.push_back(word);
    words.insert(words.end(), names_.begin(), names_.end());
    hub_ = std::make_unique<Process>(words);
  }
  void start_site(int n, const std::string& address, std::vector<std::string> words = {}) {
    for (const std::string& word : {kProgram, std::string("site"), keys().string(), names_[n], (folder_.path() / names_[n]).string(), address, std::string("50")}) words.push_back(word);
    sites_.push_back(std::make_unique<Process>(words));
  }
  std::int64_t rounds_closed() const {
    std::int64_t newest = 0;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder_.path() / "hub" / "models", ignored)) newest = std::max<std::int64_t>(newest, std::atoll(entry.path().stem().string().substr(7).c_str()));
    return newest;
  }
  /// Cuts everybody off after the third round, and sees all of it through.
  void run(const std::function<void(bool down)>& cut) {
    const auto start = std::chrono::steady_clock::now();
    ASSERT_TRUE(wait_until([&] { return rounds_closed() >= 3; }, 300)) << hub_->err();
    std::this_thread::sleep_for(std::chrono::seconds(1));  // into the transfers of the fourth
    cut(true);
    std::this_thread::sleep_for(std::chrono::duration<double>(outage_seconds()));
    cut(false);
    EXPECT_EQ(hub_->wait(1500), 0) << hub_->err();
    std::int64_t trainings = 0;
    for (const auto& site : sites_) {
      EXPECT_EQ(site->wait(120), 0) << site->err();
      const std::string told = site->err();
      for (auto at = told.find(": training"); at != std::string::npos; at = told.find(": training", at + 1)) ++trainings;
    }
    EXPECT_EQ(trainings, kSites * kRounds) << "no round was trained twice or without a site";
    std::printf("%d sites, %d rounds of 1.2 MB down and up, %.0f s of outage: %.0f s\n", kSites, kRounds, outage_seconds(), std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }

  const std::string kProgram = CONSILIUM_BINARY_DIR "/bin/toy_process";
  TemporaryFolder folder_;
  std::vector<std::string> names_;
  std::unique_ptr<Process> hub_;
  std::vector<std::unique_ptr<Process>> sites_;
};

TEST_F(Links, BetweenNamespacesWithLossAndAnOutageEightSitesLoseNoRound) {
  if (geteuid() != 0) GTEST_SKIP() << "network namespaces need root";
  const test::NetemNetwork network;
  if (!network.good()) GTEST_SKIP() << "ip netns or tc netem does not work here (package iproute2, kernel module sch_netem)";
  start_hub("10.77.0.1:7443");
  for (int n = 0; n < kSites; ++n) start_site(n, "10.77.0.1:7443", test::within(test::NetemNetwork::space(n)));
  run(&test::NetemNetwork::cut);
}

TEST_F(Links, OverPacketsThatAreLateAndLostAndAnOutageEightSitesLoseNoRound) {
  if (geteuid() != 0) GTEST_SKIP() << "network namespaces need root";
  test::TunNetwork network;
  if (!network.good()) GTEST_SKIP() << "ip netns or TUN devices do not work here (package iproute2, /dev/net/tun)";
  start_hub("10.77.0.1:7443", test::within(test::TunNetwork::hub_space()));
  for (int n = 0; n < kSites; ++n) start_site(n, "10.77.0.1:7443", test::within(test::TunNetwork::space(n)));
  run([&](bool down) { network.links().down = down; });
  const double carried = static_cast<double>(network.links().carried), dropped = static_cast<double>(network.links().dropped);
  EXPECT_GT(dropped, 0.015 * carried);
  std::printf("%.0f packets carried, %.0f lost\n", carried, dropped);
}

/// The same without the kernel's help: TCP relays of 4 Mbit/s per direction; no loss, no delay.
TEST_F(Links, ThroughRelaysOfFourMegabitsAndAnOutageEightSitesLoseNoRound) {
  start_hub("127.0.0.1:0");
  ASSERT_TRUE(wait_until([&] { return fs::exists(folder_.path() / "hub" / "address"); })) << hub_->err();
  const std::string address = read_file(folder_.path() / "hub" / "address");
  std::vector<std::unique_ptr<Relay>> relays;
  for (int n = 0; n < kSites; ++n) {
    relays.push_back(std::make_unique<Relay>(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)))));
    relays.back()->bytes_per_second = 500000;
    start_site(n, relays.back()->address());
  }
  run([&](bool down) {
    for (const auto& relay : relays) relay->down = down;
  });
}

}  // namespace
}  // namespace consilium::fl
