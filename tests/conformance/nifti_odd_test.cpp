#include <gtest/gtest.h>

#include <cmath>
#include <regex>

#include "base/files.h"
#include "imaging/nifti/nifti.h"
#include "tests/support/shared_data.h"

namespace consilium::imaging {
namespace {

using test::shared_path;

/// Expected affine (RAS) against what we hold (LPS).
void expect_affine(const Geometry& g, const Json& affine, const std::string& name) {
  constexpr double kToleranceMm = 2e-5;  // headers are single precision
  for (int r = 0; r < 3; ++r) {
    const double sign = r < 2 ? -1 : 1;
    for (int c = 0; c < 3; ++c) EXPECT_NEAR(sign * g.direction[r][c] * g.spacing_mm[c], affine[r][c].get<double>(), kToleranceMm) << name;
    EXPECT_NEAR(sign * g.origin_mm[r], affine[r][3].get<double>(), kToleranceMm) << name;
  }
}

/// Python wrote Infinity and NaN, which JSON does not have: null here.
Json read_expected() {
  const auto path = shared_path("data/nifti_odd/derived/expected.json");
  std::string text = read_file(path);
  text = std::regex_replace(text, std::regex(R"(-?\bInfinity\b|\bNaN\b(?=\s*[,}\]]))"), "null");
  return parse_json(text, path.string());
}

TEST(NiftiOdd, EveryDerivedFileIsReadAsExpectedOrRefused) {
  if (test::is_absent("data/nifti_odd/derived/expected.json")) GTEST_SKIP() << test::kNeedsShared << "data/nifti_odd/derived/expected.json";
  const Json expected = read_expected();
  int read = 0, refused = 0;
  for (const auto& [name, entry] : expected.items()) {
    SCOPED_TRACE(name);
    const auto path = shared_path("data/nifti_odd/derived") / name;
    if (entry.value("must_fail", false)) {
      try {
        read_nifti(path);
        ADD_FAILURE() << "was read although " << entry.value("note", "it is damaged");
      } catch (const Error& error) {
        EXPECT_TRUE(error.code() == ErrorCode::kCorruptData || error.code() == ErrorCode::kUnsupported) << error.what();
        EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << "the message must name the file: " << error.what();
        ++refused;
      }
      continue;
    }
    const NiftiSummary summary = inspect_nifti(path);
    EXPECT_EQ(Json(summary.shape), entry.at("shape"));
    std::uint64_t volumes = 1;
    for (std::size_t axis = 3; axis < summary.shape.size(); ++axis) volumes *= static_cast<std::uint64_t>(summary.shape[axis]);
    double sum = 0, low = HUGE_VAL, high = -HUGE_VAL, count = 0;
    for (std::uint64_t v = 0; v < volumes; ++v) {
      for (const float value : read_nifti_volume(path, v).voxels) {
        sum += value, ++count;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
    const auto near = [&](const char* key, double found) {
      if (!entry.contains(key) || !entry[key].is_number()) return;
      const double wanted = entry[key].get<double>();
      if (!std::isfinite(wanted)) return;
      EXPECT_NEAR(found, wanted, 1e-6 * std::max(1.0, std::abs(wanted))) << key;
    };
    if (name != "nan_inf.nii.gz") near("mean", sum / count);
    near("min", low);
    if (name != "nan_inf.nii.gz") near("max", high);
    if (entry.contains("affine")) {
      if (name == "sheared_sform.nii.gz") {
        EXPECT_FALSE(summary.warnings.empty()) << "a shear must be told";
        EXPECT_NEAR(summary.geometry.spacing_mm[2], entry["zooms"][2].get<double>(), 1e-5);
      } else {
        expect_affine(summary.geometry, entry["affine"], name);
      }
    }
    ++read;
  }
  EXPECT_GE(read, 24);
  EXPECT_GE(refused, 10);
}

TEST(NiftiOdd, NibabelsOwnFilesAreReadOrRefusedWithTheFilesName) {
  if (test::is_absent("data/nifti_odd/nibabel")) GTEST_SKIP() << test::kNeedsShared << "data/nifti_odd/nibabel";
  const auto folder = shared_path("data/nifti_odd/nibabel");
  for (const char* name : {"anatomical.nii", "reoriented_anat_moved.nii", "resampled_anat_moved.nii"}) {
    SCOPED_TRACE(name);
    EXPECT_EQ(read_nifti(folder / name).voxels.size(), voxel_count(inspect_nifti(folder / name).geometry));
  }
  for (const char* name : {"functional.nii", "example4d.nii.gz", "example_nifti2.nii.gz"}) {
    SCOPED_TRACE(name);
    EXPECT_GT(inspect_nifti(folder / name).shape.size(), 3U);
    EXPECT_FALSE(read_nifti_volume(folder / name, 1).voxels.empty());
    try {
      read_nifti(folder / name);
      ADD_FAILURE() << "several volumes were read as one";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    }
  }
  for (const char* name : {"analyze.hdr", "nifti1.hdr", "nifti2.hdr", "test.mgz", "COPYING"}) {
    SCOPED_TRACE(name);
    try {
      read_nifti(folder / name);
      ADD_FAILURE() << "was read";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(fs::path(name).stem().string()), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace consilium::imaging
