#include <benchmark/benchmark.h>
#include <unistd.h>
#include <fmt/format.h>

#include <cmath>

#include "base/files.h"
#include "base/rng.h"
#include "bench/peer.h"
#include "bench/ratio_reporter.h"
#include "imaging/dicom/write_series.h"

// Whole programs: `consilium convert` beside dcm2niix and beside copying the bytes, on 1,000 classic CT slices and, where ../shared is, on
// a mosaic and an enhanced series.
namespace consilium::bench {
namespace {

/// A thorax of 512 x 512 pixels a slice with the noise of a scanner: packs as real CT does, to about a fifth.
Volume thorax(std::size_t slices) {
  Volume volume{{{512, 512, slices}, {0.78, 0.78, 0.5}, {-200, -200, 0}, kIdentity3}, {}};
  volume.voxels.resize(voxel_count(volume.geometry));
  Rng rng(1);
  std::size_t n = 0;
  for (std::size_t k = 0; k < slices; ++k)
    for (std::size_t j = 0; j < 512; ++j)
      for (std::size_t i = 0; i < 512; ++i, ++n) {
        const double x = static_cast<double>(i) - 256, y = static_cast<double>(j) - 256;
        const bool inside = x * x / 32400 + y * y / 22500 < 1;
        volume.voxels[n] = inside ? static_cast<float>(std::lround(16 + 60 * std::sin(x / 17) * std::cos(y / 23) + 30 * (rng.uniform() + rng.uniform() - 1)))
                                  : -1000.0F;
      }
  return volume;
}

/// Every run writes into an empty folder, and waits for no disk: what the run before it left to be written would stop it, and it alone.
void run_program(benchmark::State& state, const std::vector<std::string>& command, const fs::path& out) {
  for (auto _ : state) {
    for (const auto& entry : fs::directory_iterator(out)) fs::remove_all(entry.path());
    ::sync();
    const double seconds = program_seconds(command);
    if (seconds < 0) state.SkipWithError((command[0] + " failed").c_str());
    state.SetIterationTime(std::max(seconds, 1e-9));
  }
}

void add(const std::string& name, const fs::path& out, const std::vector<std::string>& command) {
  benchmark::RegisterBenchmark(name.c_str(), [command, out](benchmark::State& state) { run_program(state, command, out); })
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond)
      ->Iterations(5);
}

void add_series(const std::string& what, const fs::path& in, const fs::path& out) {
  const std::string program = std::string(CONSILIUM_BINARY_DIR) + "/bin/consilium";
  make_folder(out);
  for (const char* threads : {"1", "0"})
    for (const char* level : {"0", "6"}) {
      const std::string work = fmt::format("convert {}, {}, {}/", what, *level == '0' ? "plain" : "level 6", *threads == '0' ? "all threads" : "one thread");
      add(work + "consilium", out, {program, "convert", in.string(), "-o", out.string(), "--compress", level, "--threads", threads, "--quiet"});
      add(work + "dcm2niix", out, {"/usr/bin/dcm2niix", "-w", "1", "-z", *level == '0' ? "n" : "y", "-f", "peer", "-o", out.string(), in.string()});
      if (*level == '0')
        add(work + "limit: cat", out, {"/bin/sh", "-c", fmt::format("cat {}/* > {}/bytes", in.string(), out.string())});
    }
}

}  // namespace
}  // namespace consilium::bench

int main(int argc, char** argv) {
  using namespace consilium;
  using namespace consilium::bench;
  const TemporaryFolder folder;
  imaging::write_dicom_series(folder.path() / "ct", thorax(1000), {.uid_name = "bench"}, {.description = "thorax", .modality = imaging::CtTags{}});
  add_series("1,000 CT files", folder.path() / "ct", folder.path() / "out");
  const fs::path shared = fs::path(CONSILIUM_SOURCE_DIR) / "../shared/data/dicom";
  for (const auto& [what, name] : {std::pair{"mosaic", "siemens_trio_mosaic_ax"}, {"enhanced", "philips_achieva_enhanced_b0"}, {"150 MR files", "ge_mr750_epi_4d"}})
    if (fs::exists(shared / name)) add_series(what, shared / name / "dicom", folder.path() / name);
  return run(argc, argv);
}
