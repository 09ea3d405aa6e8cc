#include <benchmark/benchmark.h>

#include "base/files.h"
#include "base/rng.h"
#include "bench/peer.h"
#include "bench/ratio_reporter.h"
#include "imaging/nifti/nifti.h"

// Reading and writing one 240 x 240 x 155 image, as BraTS has them, beside nibabel.
namespace consilium::bench {
namespace {

/// A head's worth of zeros around smooth values with some noise: packs about as MR images do.
Volume head_like() {
  Volume volume{{{240, 240, 155}, {1, 1, 1}, {0, 0, 0}, kIdentity3}, {}};
  volume.voxels.resize(voxel_count(volume.geometry));
  Rng rng(1);
  std::size_t n = 0;
  for (std::size_t k = 0; k < 155; ++k)
    for (std::size_t j = 0; j < 240; ++j)
      for (std::size_t i = 0; i < 240; ++i, ++n) {
        const double x = (static_cast<double>(i) - 120) / 80, y = (static_cast<double>(j) - 120) / 95,
                     z = (static_cast<double>(k) - 77) / 65;
        const double r = x * x + y * y + z * z;
        volume.voxels[n] = r > 1 ? 0.0F : static_cast<float>(static_cast<int>(500 + 300 * r + 20 * rng.uniform()));
      }
  return volume;
}

struct Files {
  TemporaryFolder folder;
  Volume volume = head_like();
  fs::path plain = folder.path() / "head.nii", packed = folder.path() / "head.nii.gz", out = folder.path() / "out.nii.gz",
           out_plain = folder.path() / "out.nii";
  Files() {
    imaging::write_nifti(plain, volume);
    imaging::write_nifti(packed, volume);
  }
};

void peer(benchmark::State& state, const std::vector<std::string>& words) {
  for (auto _ : state) {
    const double seconds = peer_seconds("nifti.py", words);
    if (seconds < 0) state.SkipWithError("nibabel is not installed");
    state.SetIterationTime(std::max(seconds, 1e-9));
  }
}

void add_peer(const std::string& work, const std::vector<std::string>& words) {
  benchmark::RegisterBenchmark((work + "/nibabel").c_str(), [words](benchmark::State& state) { peer(state, words); })
      ->UseManualTime()
      ->Iterations(1)
      ->Unit(benchmark::kMillisecond);
}

template <typename Body>
void add_ours(const std::string& work, Body body) {
  benchmark::RegisterBenchmark((work + "/consilium").c_str(),
                               [body](benchmark::State& state) {
                                 for (auto _ : state) body();
                               })
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime()
      ->MinTime(1);
}

}  // namespace
}  // namespace consilium::bench

int main(int argc, char** argv) {
  using namespace consilium;
  using namespace consilium::bench;
  const Files files;
  add_ours("read .nii", [&] { benchmark::DoNotOptimize(imaging::read_nifti(files.plain)); });
  add_peer("read .nii", {"read", files.plain});
  add_ours("read .nii.gz", [&] { benchmark::DoNotOptimize(imaging::read_nifti(files.packed)); });
  add_peer("read .nii.gz", {"read", files.packed});
  add_ours("write .nii", [&] { imaging::write_nifti(files.out_plain, files.volume); });
  add_peer("write .nii", {"write", files.plain, files.out_plain});
  add_ours("write .nii.gz level 6", [&] { imaging::write_nifti(files.out, files.volume); });
  add_peer("write .nii.gz level 6", {"write", files.plain, files.out});
  return run(argc, argv);
}
