#pragma once

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "base/files.h"
#include "fl/run_in_process.h"
#include "fl/transport/client.h"
#include "fl/transport/server.h"
#include "tests/fl/toy.h"

namespace consilium::fl::test {

/// Keys for a coordinator "hub" and three sites, and what is needed to start each in a thread.
class Federation : public testing::Test {
 protected:
  Federation() {
    init_authority(keys());
    issue_certificate(keys(), "hub", {.role = Role::kCoordinator, .hosts = {"localhost", "127.0.0.1"}});
    for (const char* name : {"east", "north", "west"}) issue_certificate(keys(), name);
  }
  fs::path keys() const { return folder.path() / "keys"; }

  std::future<RunState> coordinator(const FederationSettings& settings, const std::string& listen = "localhost:0", const std::atomic<bool>* stop = nullptr, std::function<void(const RoundReport&)> on_round = {}, double linger_seconds = 5) {
    return std::async(std::launch::async, [=, this] { return run_coordinator({.listen = listen, .name = "hub", .tls = tls_files(keys(), "hub"), .folder = folder.path() / "hub", .linger_seconds = linger_seconds}, settings, toy_model(1), on_round, stop); });
  }
  std::string address() const {
    const fs::path file = folder.path() / "hub" / "address";
    while (!fs::exists(file)) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::string text = read_file(file);
    text.pop_back();
    return text;
  }
  SiteOptions site(const std::string& name, double give_up = 20) const {
    return {.name = name, .coordinator = address(), .tls = tls_files(keys(), name), .folder = folder.path() / name, .give_up_seconds = give_up};
  }
  std::future<ModelState> join(const std::string& name, Trainer& trainer) {
    return std::async(std::launch::async, [this, name, &trainer] { return run_site(site(name), trainer); });
  }
  /// What three sites with the trainers of most tests come to when nothing happens.
  static FinishedRun undisturbed(const FederationSettings& settings) {
    const TemporaryFolder plain;
    ToyTrainer a(0.1F, 3), b(0.3F, 5), c(-0.2F, 1);
    return run_in_process(settings, toy_model(1), {{"east", &a}, {"north", &b}, {"west", &c}}, plain.path());
  }

  TemporaryFolder folder;
};

}  // namespace consilium::fl::test
