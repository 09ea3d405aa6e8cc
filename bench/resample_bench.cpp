#include <benchmark/benchmark.h>
#include <itkBSplineInterpolateImageFunction.h>
#include <itkImage.h>
#include <itkLinearInterpolateImageFunction.h>
#include <itkResampleImageFilter.h>

#include "base/rng.h"
#include "bench/ratio_reporter.h"
#include "imaging/ops/resample.h"

// A BraTS-sized image to isotropic 0.96 mm voxels (about 10.1 million), beside ITK's filter with the same interpolators.
namespace consilium::bench {
namespace {

using Image = itk::Image<float, 3>;

Volume noise() {
  Volume volume{{{240, 240, 155}, {1, 1, 1}, {0, 0, 0}, kIdentity3}, {}};
  Rng rng(1);
  for (std::size_t n = 0; n < voxel_count(volume.geometry); ++n) volume.voxels.push_back(static_cast<float>(rng.uniform()));
  return volume;
}

Image::Pointer to_itk(const Volume& volume) {
  const auto image = Image::New();
  Image::SizeType size;
  for (unsigned axis = 0; axis < 3; ++axis) size[axis] = volume.geometry.size[axis];
  image->SetRegions(size);
  image->SetSpacing(volume.geometry.spacing_mm.data());
  image->SetOrigin(volume.geometry.origin_mm.data());
  image->Allocate();
  std::copy(volume.voxels.begin(), volume.voxels.end(), image->GetBufferPointer());
  return image;
}

template <typename Interpolator>
void with_itk(benchmark::State& state, const Image::Pointer& image, const Geometry& grid) {
  for (auto _ : state) {
    const auto filter = itk::ResampleImageFilter<Image, Image>::New();
    Image::SizeType size;
    for (unsigned axis = 0; axis < 3; ++axis) size[axis] = grid.size[axis];
    filter->SetInput(image);
    filter->SetInterpolator(Interpolator::New());
    filter->SetSize(size);
    filter->SetOutputSpacing(grid.spacing_mm.data());
    filter->SetOutputOrigin(grid.origin_mm.data());
    filter->Update();
    benchmark::DoNotOptimize(filter->GetOutput()->GetBufferPointer());
  }
}

template <typename Body>
void add(const char* name, Body body) {
  benchmark::RegisterBenchmark(name, body)->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(1);
}

}  // namespace
}  // namespace consilium::bench

int main(int argc, char** argv) {
  using namespace consilium;
  using namespace consilium::bench;
  const Volume volume = noise();
  const Geometry grid = imaging::grid_with_spacing(volume.geometry, {0.96, 0.96, 0.96});
  const Image::Pointer image = to_itk(volume);
  const auto ours = [&](imaging::Interpolation interpolation) {
    return [&, interpolation](benchmark::State& state) {
      for (auto _ : state) benchmark::DoNotOptimize(imaging::resample(volume, grid, {.interpolation = interpolation}));
    };
  };
  add("resample linear/consilium", ours(imaging::Interpolation::kLinear));
  add("resample linear/ITK",
      [&](benchmark::State& state) { with_itk<itk::LinearInterpolateImageFunction<Image, double>>(state, image, grid); });
  add("resample cubic B-spline/consilium", ours(imaging::Interpolation::kBSpline));
  add("resample cubic B-spline/ITK", [&](benchmark::State& state) {
    with_itk<itk::BSplineInterpolateImageFunction<Image, double, double>>(state, image, grid);
  });
  return run(argc, argv);
}
