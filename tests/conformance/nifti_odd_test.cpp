#include <gtest/gtest.h>

#include <cmath>
#include <regex>
#include <set>

#include "base/files.h"
#include "imaging/nifti/nifti.h"
#include "tests/support/program.h"
#include "tests/support/shared_data.h"

namespace consilium::imaging {
namespace {

using test::shared_path;

const char* const kDerived = "data/nifti_odd/derived";
const char* const kNibabel = "data/nifti_odd/nibabel";

/// Expected affine (RAS) against what we hold (LPS).
void expect_affine(const Geometry& g, const Json& affine) {
  constexpr double kToleranceMm = 2e-5;  // headers are single precision
  for (int r = 0; r < 3; ++r) {
    const double sign = r < 2 ? -1 : 1;
    for (int c = 0; c < 3; ++c)
      EXPECT_NEAR(sign * g.direction[r][c] * g.spacing_mm[c], affine[r][c].get<double>(), kToleranceMm) << r << c;
    EXPECT_NEAR(sign * g.origin_mm[r], affine[r][3].get<double>(), kToleranceMm) << r;
  }
}

struct Figures {
  double sum = 0, low = HUGE_VAL, high = -HUGE_VAL;
  std::size_t finite = 0, size = 0;
};

/// Over the finite voxels of all volumes.
Figures figures_of(const fs::path& path, const NiftiSummary& summary) {
  std::size_t volumes = 1;
  for (std::size_t axis = 3; axis < summary.shape.size(); ++axis) volumes *= static_cast<std::size_t>(summary.shape[axis]);
  Figures f;
  for (std::size_t v = 0; v < volumes; ++v) {
    for (const float value : read_nifti_volume(path, v).voxels) {
      ++f.size;
      if (!std::isfinite(value)) continue;
      ++f.finite;
      f.sum += value;
      f.low = std::min<double>(f.low, value);
      f.high = std::max<double>(f.high, value);
    }
  }
  return f;
}

void expect_figure(const Json& entry, const char* key, double found) {
  if (!entry.contains(key) || !entry[key].is_number()) return;
  constexpr double kRelative = 1e-6;  // voxels are single precision here
  const double wanted = entry[key].get<double>();
  EXPECT_NEAR(found, wanted, kRelative * std::max(1.0, std::abs(wanted))) << key;
}

void expect_figures(const Json& entry, const Figures& f) {
  expect_figure(entry, "mean", f.sum / static_cast<double>(f.finite));
  expect_figure(entry, "min", f.low);
  expect_figure(entry, "max", f.high);
}

/// numpy's ">f4" and "int16" -> our names.
std::string type_name(const std::string& numpy) {
  if (numpy.ends_with("f4")) return "float32";
  if (numpy.ends_with("i2")) return "int16";
  return numpy;
}

/// Python wrote Infinity and NaN, which JSON does not have: null here.
Json read_expected() {
  const auto path = shared_path(kDerived) / "expected.json";
  std::string text = read_file(path);
  text = std::regex_replace(text, std::regex(R"(-?\bInfinity\b|\bNaN\b(?=\s*[,}\]]))"), "null");
  return parse_json(text, path.string());
}

void expect_refusal(const fs::path& path, const std::string& named) {
  try {
    read_nifti(path);
    ADD_FAILURE() << "was read";
  } catch (const Error& error) {
    EXPECT_TRUE(error.code() == ErrorCode::kCorruptData || error.code() == ErrorCode::kUnsupported ||
                error.code() == ErrorCode::kNotFound)
        << error.what();
    EXPECT_NE(std::string(error.what()).find(named), std::string::npos) << "the message must name the file: " << error.what();
  }
}

TEST(NiftiOdd, EveryDerivedFileIsReadAsExpectedOrRefused) {
  if (test::is_absent(kDerived)) GTEST_SKIP() << test::kNeedsShared << kDerived;
  const Json expected = read_expected();
  std::set<std::string> files;
  for (const auto& file : fs::directory_iterator(shared_path(kDerived))) files.insert(file.path().filename().string());
  files.erase("expected.json");
  for (const auto& [name, entry] : expected.items()) {
    SCOPED_TRACE(name);
    EXPECT_EQ(files.erase(name), 1U);
    const auto path = shared_path(kDerived) / name;
    if (entry.value("must_fail", false)) {
      expect_refusal(path, name);
      continue;
    }
    const NiftiSummary summary = inspect_nifti(path);
    EXPECT_EQ(Json(summary.shape), entry.at("shape"));
    if (entry.contains("dtype")) {
      EXPECT_EQ(summary.data_type, type_name(entry["dtype"]));
      EXPECT_EQ(summary.byte_swapped, entry["dtype"].get<std::string>()[0] == '>');
    }
    if (name != "sheared_sform.nii.gz") expect_figures(entry, figures_of(path, summary));
    if (name == "sheared_sform.nii.gz") {
      // A quarter of a voxel per slice: beyond what is straightened unasked.
      EXPECT_NEAR(summary.shear, 0.122, 1e-3);
      expect_refusal(path, name);
      EXPECT_EQ(read_nifti(path, {.largest_shear = 0.2}).voxels.size(), 33000U);
      EXPECT_FALSE(summary.warnings.empty()) << "a shear must be told";
      EXPECT_NEAR(summary.geometry.spacing_mm[2], entry["zooms"][2].get<double>(), 1e-5);
    } else if (entry.contains("affine")) {
      expect_affine(summary.geometry, entry["affine"]);
    }
  }
  EXPECT_EQ(files, (std::set<std::string>{"pair.img"})) << "files without an expectation";
}

TEST(NiftiOdd, VoxelsThatAreNotFiniteStayAsTheyAre) {
  const std::string file = std::string(kDerived) + "/nan_inf.nii.gz";
  if (test::is_absent(file)) GTEST_SKIP() << test::kNeedsShared << file;
  const auto voxels = read_nifti(shared_path(file)).voxels;
  EXPECT_TRUE(std::any_of(voxels.begin(), voxels.end(), [](float v) { return std::isnan(v); }));
  EXPECT_TRUE(std::any_of(voxels.begin(), voxels.end(), [](float v) { return std::isinf(v); }));
}

TEST(NiftiOdd, TransformsThatDisagreeAreToldAndChosen) {
  const std::string file = std::string(kDerived) + "/sform_differs_from_qform.nii.gz";
  if (test::is_absent(file)) GTEST_SKIP() << test::kNeedsShared << file;
  const NiftiSummary sform = inspect_nifti(shared_path(file));
  const NiftiSummary qform = inspect_nifti(shared_path(file), {.transform = NiftiTransform::kQformFirst});
  EXPECT_EQ(sform.transform_source, "sform");
  EXPECT_EQ(qform.transform_source, "qform");
  // expected.json: they differ by a translation of (10, -20, 30).
  for (const NiftiSummary& summary : {sform, qform}) {
    ASSERT_EQ(summary.warnings.size(), 1U);
    EXPECT_EQ(summary.warnings[0].substr(0, 44), "sform and qform disagree by up to 37.4 mm; t");
  }
  EXPECT_NEAR(std::abs(sform.geometry.origin_mm[2] - qform.geometry.origin_mm[2]), 30, 1e-4);
}

TEST(NiftiOdd, SeveralVolumesAreReadInOnePass) {
  const std::string file = std::string(kDerived) + "/four_d.nii.gz";
  if (test::is_absent(file)) GTEST_SKIP() << test::kNeedsShared << file;
  const auto volumes = read_nifti_volumes(shared_path(file));
  ASSERT_EQ(volumes.size(), 3U);
  for (std::size_t v = 0; v < 3; ++v) EXPECT_EQ(volumes[v], read_nifti_volume(shared_path(file), v));
}

TEST(NiftiOdd, APairIsReadByEitherName) {
  const std::string file = std::string(kDerived) + "/pair.img";
  if (test::is_absent(file)) GTEST_SKIP() << test::kNeedsShared << file;
  EXPECT_EQ(read_nifti(shared_path(file)), read_nifti(shared_path(std::string(kDerived) + "/pair.hdr")));
}

TEST(NiftiOdd, EveryFileOfNibabelIsReadAsNibabelDoesOrRefusedByName) {
  if (test::is_absent(kNibabel)) GTEST_SKIP() << test::kNeedsShared << kNibabel;
  const std::string script = std::string(CONSILIUM_SOURCE_DIR) + "/tests/conformance/nibabel_summary.py";
  std::vector<std::string> words{"/usr/bin/python3", script};
  for (const auto& file : fs::directory_iterator(shared_path(kNibabel))) words.push_back(file.path().string());
  const test::Outcome outcome = test::run_program(words);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json summaries = parse_json(outcome.out, "nibabel's summary");
  std::set<std::string> refused;
  for (const auto& [name, entry] : summaries.items()) {
    SCOPED_TRACE(name);
    const auto path = shared_path(kNibabel) / name;
    if (name == "test.mgz" || entry.contains("error")) {  // FreeSurfer's format is another one
      refused.insert(name);
      expect_refusal(path, path.stem().string());
      continue;
    }
    const NiftiSummary summary = inspect_nifti(path);
    EXPECT_EQ(summary.data_type, entry["dtype"]);
    expect_affine(summary.geometry, entry["affine"]);
    const Figures figures = figures_of(path, summary);
    EXPECT_EQ(figures.size, entry["size"].get<std::size_t>());
    EXPECT_EQ(figures.finite, entry["finite"].get<std::size_t>());
    expect_figures(entry, figures);
  }
  EXPECT_EQ(refused, (std::set<std::string>{"COPYING", "analyze.hdr", "nifti1.hdr", "nifti2.hdr", "test.mgz"}));
}

TEST(NiftiOdd, SeveralVolumesAreNotTakenForOne) {
  if (test::is_absent(kNibabel)) GTEST_SKIP() << test::kNeedsShared << kNibabel;
  for (const char* name : {"functional.nii", "example4d.nii.gz", "example_nifti2.nii.gz", "row_major.dconn.nii"}) {
    SCOPED_TRACE(name);
    try {
      read_nifti(shared_path(kNibabel) / name);
      ADD_FAILURE() << "several volumes were read as one";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    }
  }
}

}  // namespace
}  // namespace consilium::imaging
