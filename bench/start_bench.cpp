#include <benchmark/benchmark.h>

#include "bench/peer.h"
#include "bench/ratio_reporter.h"

// How long a shell waits for `consilium VERB --help`: the limit is a program that does nothing.
namespace consilium::bench {
namespace {

void start(benchmark::State& state, const std::vector<std::string>& command) {
  for (auto _ : state) {
    const double seconds = program_seconds(command);
    if (seconds < 0) state.SkipWithError((command[0] + " failed").c_str());
    state.SetIterationTime(std::max(seconds, 1e-9));
  }
}

void add(const std::string& name, const std::vector<std::string>& command) {
  benchmark::RegisterBenchmark(name.c_str(), [command](benchmark::State& state) { start(state, command); })
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond)
      ->MinTime(0.5);
}

}  // namespace
}  // namespace consilium::bench

int main(int argc, char** argv) {
  using namespace consilium::bench;
  const std::string program = std::string(CONSILIUM_BINARY_DIR) + "/bin/consilium";
  for (const char* verb : {"inspect", "convert"}) {
    const std::string work = std::string("start of ") + verb + " --help/";
    add(work + "consilium", {program, verb, "--help"});
    add(work + "limit: /bin/true", {"/bin/true"});
    add(work + "python3 -c pass", {"/usr/bin/python3", "-c", "pass"});
  }
  return run(argc, argv);
}
