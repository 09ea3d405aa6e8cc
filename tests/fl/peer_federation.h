#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "fl/peers/run_peers_in_process.h"
#include "fl/transport/peer_site.h"
#include "fl/transport/relay_server.h"
#include "tests/fl/noise_trainer.h"
#include "tests/support/free_port.h"
#include "tests/support/process.h"

namespace consilium::fl::test {

/// Three peers that can be dialled, a relay, and what is needed to start each in a thread.
class PeerFederation : public testing::Test {
 protected:
  PeerFederation() {
    init_authority(keys());
    issue_certificate(keys(), "relay", {.role = Role::kCoordinator, .hosts = {"127.0.0.1"}});
    for (const std::string& name : names) {
      issue_certificate(keys(), name, {.role = Role::kPeer});
      addresses[name] = consilium::test::free_address();
    }
  }
  fs::path keys() const { return folder.path() / "keys"; }

  PeerSettings settings(Topology topology, std::int64_t rounds = 3) const { return {.topology = topology, .peers = names, .rounds = rounds, .deadline_seconds = 60, .liveness_seconds = 8}; }

  /// `hidden`: who is not dialled.
  PeerSiteOptions options(const std::string& name, const std::set<std::string>& hidden = {}) const {
    PeerSiteOptions options{.name = name, .tls = tls_files(keys(), name), .folder = folder.path() / name, .gather_seconds = 30, .linger_seconds = 10};
    if (!hidden.contains(name)) options.listen = addresses.at(name);
    for (const auto& [other, address] : addresses)
      if (other != name && !hidden.contains(other)) options.addresses[other] = address;
    if (!relay_address.empty()) options.relays = {relay_address};
    return options;
  }
  std::future<PeerRecord> join(const PeerSiteOptions& options, const PeerSettings& settings, const std::atomic<bool>* stop = nullptr) {
    return std::async(std::launch::async, [=, this] {
      NoiseTrainer trainer(options.name, 0);
      return run_peer(options, settings, noise_model(), trainer, [this, name = options.name](const std::string& line) { note(name + ": " + line); }, stop);
    });
  }
  /// Everybody, to their end.
  std::map<std::string, PeerRecord> run(const PeerSettings& settings, const std::set<std::string>& hidden = {}) {
    std::map<std::string, std::future<PeerRecord>> running;
    for (const std::string& name : names) running[name] = join(options(name, hidden), settings);
    std::map<std::string, PeerRecord> records;
    for (auto& [name, future] : running) records[name] = future.get();
    return records;
  }
  std::map<std::string, PeerRecord> in_process(const PeerSettings& settings) const {
    std::map<std::string, std::unique_ptr<NoiseTrainer>> trainers;
    std::map<std::string, Trainer*> of;
    for (const std::string& name : names) of[name] = (trainers[name] = std::make_unique<NoiseTrainer>(name, 0)).get();
    return run_peers_in_process(settings, noise_model(), of).records;
  }
  /// Ends with its scope.
  std::future<void> start_relay(const std::atomic<bool>& stop, std::uint64_t quota_bytes = 1ULL << 30) {
    if (relay_address.empty()) relay_address = consilium::test::free_address();
    auto running = std::async(std::launch::async, [this, &stop, quota_bytes] {
      run_relay({.listen = relay_address, .name = "relay", .tls = tls_files(keys(), "relay"), .folder = folder.path() / "relay", .sites = names, .quota_bytes = quota_bytes}, &stop);
    });
    EXPECT_TRUE(consilium::test::wait_until([&] { return fs::exists(folder.path() / "relay" / "address"); }));
    return running;
  }
  void note(const std::string& line) {
    const std::lock_guard lock(guard);
    if (std::getenv("PEER_LOG") != nullptr) std::fprintf(stderr, "%s\n", line.c_str());
    told.push_back(line);
  }
  std::string all_told() {
    const std::lock_guard lock(guard);
    std::string text;
    for (const std::string& line : told) text += line + "\n";
    return text;
  }

  TemporaryFolder folder;
  const std::vector<std::string> names{"east", "north", "western"};
  std::map<std::string, std::string> addresses;
  std::string relay_address;
  std::mutex guard;
  std::vector<std::string> told;
};

}  // namespace consilium::fl::test
