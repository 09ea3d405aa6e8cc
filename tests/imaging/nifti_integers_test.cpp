#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "imaging/nifti/nifti.h"

namespace consilium::imaging {
namespace {

Volume volume_of(std::vector<float> values) {
  return {{{values.size(), 1, 1}, {1, 1, 1}, {0, 0, 0}, kIdentity3}, std::move(values)};
}

std::string stored_type(const Volume& volume, const NiftiScaling& scaling) {
  const TemporaryFolder folder;
  write_nifti(folder.path() / "a.nii.gz", volume, {.integers = scaling});
  EXPECT_EQ(read_nifti(folder.path() / "a.nii.gz").voxels, volume.voxels);
  return inspect_nifti(folder.path() / "a.nii.gz").data_type;
}

TEST(NiftiIntegers, WholeNumbersAreStoredAsInt16) {
  EXPECT_EQ(stored_type(volume_of({-32768, -1024, 0, 32767}), {}), "int16");
  std::vector<float> scaled;
  for (const int stored : {0, 1, 4095})
    scaled.push_back(static_cast<float>(static_cast<double>(1.2903541F) * stored + static_cast<double>(-7.5F)));
  EXPECT_EQ(stored_type(volume_of(scaled), {.slope = 1.2903541F, .inter = -7.5}), "int16");
}

TEST(NiftiIntegers, ASlopeThatFloat32RoundsChangesValuesByNoMoreThanThat) {
  constexpr double kSlope = 1.29035409035409, kRounding = 2e-7;  // two roundings to float32
  std::vector<float> values;
  for (int stored = 0; stored < 4096; ++stored) values.push_back(static_cast<float>(kSlope * stored));
  const TemporaryFolder folder;
  write_nifti(folder.path() / "a.nii", volume_of(values), {.integers = NiftiScaling{kSlope, 0}});
  EXPECT_EQ(inspect_nifti(folder.path() / "a.nii").data_type, "int16");
  const Volume read = read_nifti(folder.path() / "a.nii");
  for (std::size_t n = 0; n < values.size(); ++n) EXPECT_NEAR(read.voxels[n], values[n], kRounding * values[n]);
}

TEST(NiftiIntegers, WhatInt16WouldChangeStaysFloat32) {
  EXPECT_EQ(stored_type(volume_of({0, 32768}), {}), "float32");
  EXPECT_EQ(stored_type(volume_of({0, 0.5}), {}), "float32");
  EXPECT_EQ(stored_type(volume_of({1}), {.slope = 0, .inter = 1}), "float32");
}

}  // namespace
}  // namespace consilium::imaging
