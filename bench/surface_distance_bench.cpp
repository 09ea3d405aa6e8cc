#include <benchmark/benchmark.h>

#include "base/files.h"
#include "bench/peer.h"
#include "bench/ratio_reporter.h"
#include "imaging/metrics/surface_distance.h"
#include "imaging/nifti/nifti.h"

// 95th percentile Hausdorff distance of two tumour-sized balls in a BraTS-sized image, beside scipy's exact distance transform.
namespace consilium::bench {
namespace {

LabelMap ball(double radius_mm, double shift_mm) {
  LabelMap map{{{240, 240, 155}, {1, 1, 1}, {0, 0, 0}, kIdentity3}, {}};
  for (std::size_t k = 0; k < 155; ++k)
    for (std::size_t j = 0; j < 240; ++j)
      for (std::size_t i = 0; i < 240; ++i) {
        const double x = static_cast<double>(i) - 90 - shift_mm, y = static_cast<double>(j) - 120,
                     z = static_cast<double>(k) - 80;
        map.labels.push_back(x * x + y * y + z * z <= radius_mm * radius_mm ? 1 : 0);
      }
  return map;
}

}  // namespace
}  // namespace consilium::bench

int main(int argc, char** argv) {
  using namespace consilium;
  using namespace consilium::bench;
  const LabelMap prediction = ball(28, 3), reference = ball(30, 0);
  const TemporaryFolder folder;
  imaging::write_nifti(folder.path() / "prediction.nii", prediction);
  imaging::write_nifti(folder.path() / "reference.nii", reference);
  benchmark::RegisterBenchmark(
      "HD95/consilium",
      [&](benchmark::State& state) {
        for (auto _ : state) benchmark::DoNotOptimize(imaging::hd95_mm(prediction.labels, reference.labels, reference.geometry));
      })
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime()
      ->MinTime(1);
  for (const std::string way : {"whole", "cropped"})
    benchmark::RegisterBenchmark(
        ("HD95/scipy, " + way + " image").c_str(),
        [&, way](benchmark::State& state) {
          for (auto _ : state) {
            const double seconds = peer_seconds(
                "hd95.py", {(folder.path() / "prediction.nii").string(), (folder.path() / "reference.nii").string(), way});
            if (seconds < 0) state.SkipWithError("scipy is not installed");
            state.SetIterationTime(std::max(seconds, 1e-9));
          }
        })
        ->UseManualTime()
        ->Iterations(1)
        ->Unit(benchmark::kMillisecond);
  return run(argc, argv);
}
