#include <benchmark/benchmark.h>

#include <future>
#include <thread>

#include "base/files.h"
#include "bench/loopback.h"
#include "bench/ratio_reporter.h"
#include "fl/trainer.h"
#include "fl/transport/client.h"
#include "fl/transport/server.h"
#include "models/state/safetensors.h"

// One round and the last look of a federation of one site that trains in no time: 32 MB go down, 32 MB up, 32 MB (the best model)
// down again, over mutual TLS, hashed, checked and saved on both sides. The limit is the same bytes over a bare TCP connection.
namespace consilium::bench {
namespace {

ModelState model(float value) { return {{{"trunk.weight", "trunk", {8 << 20}, std::vector<float>(8 << 20, value)}}}; }

struct NoTraining : fl::Trainer {
  fl::Validation validate(const fl::RoundPlan&, const ModelState&) override { return {0.5, 1}; }
  fl::Update train(const fl::RoundPlan& plan, const ModelState&) override {
    fl::Update update;
    update.round = plan.round;
    update.base_digest = plan.base_digest;
    update.delta = model(0.25F);
    update.cases_per_group = {{"trunk", 1}};
    return update;
  }
};

std::string address_in(const fs::path& file) {
  while (!fs::exists(file)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::string address = read_file(file);
  address.pop_back();
  return address;
}

void federate(const fs::path& keys) {
  const TemporaryFolder folder;
  const fs::path hub = folder.path() / "hub", site = folder.path() / "site";
  auto coordinator = std::async(std::launch::async, [&] {
    return fl::run_coordinator({.listen = "localhost:0", .tls = fl::tls_files(keys, "hub"), .folder = hub, .linger_seconds = 10},
                               {.sites = {"site"}, .rounds = 1}, model(0));
  });
  NoTraining trainer;
  fl::run_site({.name = "site", .coordinator = address_in(hub / "address"), .tls = fl::tls_files(keys, "site"), .folder = site},
               trainer);
  coordinator.get();
}

}  // namespace
}  // namespace consilium::bench

int main(int argc, char** argv) {
  using namespace consilium;
  using namespace consilium::bench;
  const TemporaryFolder keys;
  fl::init_authority(keys.path());
  fl::issue_certificate(keys.path(), "hub", {.role = fl::Role::kCoordinator, .hosts = {"localhost"}});
  fl::issue_certificate(keys.path(), "site");
  const std::string bytes = encode_safetensors(model(0.25F));
  benchmark::RegisterBenchmark("round of 3 x 32 MB/consilium",
                               [&](benchmark::State& state) {
                                 for (auto _ : state) federate(keys.path());
                               })
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime()
      ->Iterations(3)
      ->Repetitions(3);
  benchmark::RegisterBenchmark("round of 3 x 32 MB/limit: bare TCP",
                               [&](benchmark::State& state) {
                                 for (auto _ : state)
                                   for (int n = 0; n < 3; ++n) send_over_loopback(bytes);
                               })
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime()
      ->Iterations(3)
      ->Repetitions(3);
  return run(argc, argv);
}
