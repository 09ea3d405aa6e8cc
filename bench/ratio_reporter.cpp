#include "bench/ratio_reporter.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

namespace consilium::bench {
namespace {

class RatioReporter : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
      const std::string& name = run.run_name.function_name;
      const std::size_t slash = name.find('/');
      if (slash == std::string::npos) continue;
      seconds_[name.substr(0, slash)][name.substr(slash + 1)].push_back(run.real_accumulated_time /
                                                                        static_cast<double>(run.iterations));
    }
  }
  void Finalize() override {
    std::printf("\n%-36s %12s  %-28s %12s  %8s\n", "work", "ours ms", "against", "theirs ms", "ratio");
    for (auto& [work, whos] : seconds_) {
      if (!whos.contains("consilium")) continue;
      const double ours = median(whos["consilium"]);
      for (auto& [who, times] : whos)
        if (who != "consilium")
          std::printf("%-36s %12.3f  %-28s %12.3f  %8.2f\n", work.c_str(), 1e3 * ours, who.c_str(), 1e3 * median(times),
                      median(times) / ours);
    }
  }

 private:
  static double median(std::vector<double>& values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  }
  std::map<std::string, std::map<std::string, std::vector<double>>> seconds_;
};

}  // namespace

int run(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  RatioReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  benchmark::Shutdown();
  return 0;
}

}  // namespace consilium::bench
