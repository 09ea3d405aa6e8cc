#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <cmath>
#include <map>

#include "imaging/dicom/load.h"
#include "imaging/dicom/sidecar.h"
#include "imaging/nifti/nifti.h"
#include "imaging/ops/orient.h"
#include "tests/support/dicom_files.h"
#include "tests/support/shared_data.h"

namespace consilium::imaging {
namespace {

namespace fs = std::filesystem;
using test::is_absent;
using test::kNeedsShared;
using test::shared_path;
using testing::HasSubstr;

const char* const kOdd = "data/dicom_odd";
const char* const kReal = "data/dicom";

Series only_series(const fs::path& path) {
  const Study study = scan_study(path);
  EXPECT_EQ(study.series.size(), 1U) << path;
  return study.series.at(0);
}

/// SHA-256 of the values as little-endian int64: how expected.json was made.
std::string sha256_of_integers(const Volume& volume) {
  std::vector<std::int64_t> values;
  for (const float value : volume.voxels) values.push_back(std::llround(value));
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(values.data()), values.size() * sizeof(std::int64_t), digest);
  std::string text;
  for (const unsigned char byte : digest) {
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", byte);
    text += hex;
  }
  return text;
}

/// Every file is read, or refused with a reason; a series that will not load says why.
TEST(DicomFiles, EveryFileIsReadOrRefusedWithAReason) {
  std::size_t loaded = 0, refused = 0;
  for (const char* root : {kOdd, kReal}) {
    if (is_absent(root)) GTEST_SKIP() << kNeedsShared << root;
    for (const auto& entry : fs::recursive_directory_iterator(shared_path(root))) {
      if (!entry.is_regular_file()) continue;
      const Study study = scan_study(entry.path());
      EXPECT_GE(study.series.size() + study.structures.size() + study.rejected.size() + study.other_files, 1U) << entry.path();
      for (const RejectedFile& file : study.rejected) EXPECT_GT(file.reason.size(), 10U) << entry.path();
      refused += study.rejected.size();
      for (const Series& series : study.series) {
        try {
          const Volume volume = load_series(series);
          EXPECT_EQ(volume.voxels.size(), voxel_count(series.geometry));
          ++loaded;
        } catch (const Error& error) {
          EXPECT_TRUE(error.code() == ErrorCode::kUnsupported || error.code() == ErrorCode::kCorruptData)
              << entry.path() << error.what();
          EXPECT_THAT(error.what(), HasSubstr(entry.path().filename().string()));
          ++refused;
        }
      }
    }
  }
  EXPECT_GT(loaded, 200U);
  EXPECT_GT(refused, 100U);
}

/// Slices as they are stored: what expected.json was made of.
std::string sha256_as_stored(const Study& study) {
  std::vector<DicomHeader> frames;
  for (const Series& series : study.series) frames.insert(frames.end(), series.slices.begin(), series.slices.end());
  std::sort(frames.begin(), frames.end(), [](const auto& a, const auto& b) { return a.frame < b.frame; });
  Series stored;
  for (DicomHeader& h : frames) h.slope = 1, h.intercept = 0;
  stored.slices = frames;
  stored.geometry = study.series.at(0).geometry;
  stored.geometry.size[2] = frames.size();
  return sha256_of_integers(load_series(stored));
}

TEST(DicomFiles, OneImageInManyEncodingsHasTheSamePixels) {
  std::size_t tested = 0;
  for (const char* part : {"/pydicom", "/pydicom-data"}) {
    const std::string folder = std::string(kOdd) + part;
    if (is_absent(folder)) GTEST_SKIP() << kNeedsShared << folder;
    const Json expected = read_json(shared_path(folder + "/expected.json"));
    for (const auto& [name, entry] : expected.items()) {
      // 15 bits stored, signed: the figure was made of all 16 bits of each cell, which PS3.5 8.1.1 says not to read.
      if (name == "JLSL_16_15_1_1F.dcm") continue;
      const Study study = scan_study(shared_path(folder + "/" + name), Unplaced::kAssume);
      if (study.series.empty() || !entry.contains("sha256_int64")) continue;  // a segmentation, floats, or one that must fail
      EXPECT_EQ(sha256_as_stored(study), entry.at("sha256_int64").get<std::string>()) << name;
      ++tested;
    }
  }
  EXPECT_EQ(tested, 24U);
}

TEST(DicomFiles, TakesRescaleOffAndHasTheStoredPixelsOfCt) {
  const std::string folder = std::string(kOdd) + "/pydicom";
  if (is_absent(folder)) GTEST_SKIP() << kNeedsShared << folder;
  const Json expected = read_json(shared_path(folder + "/expected.json")).at("CT_small.dcm");
  const Series series = only_series(shared_path(folder + "/CT_small.dcm"));
  Volume volume = load_series(series);
  EXPECT_EQ(*std::min_element(volume.voxels.begin(), volume.voxels.end()),
            expected.at("min").get<float>() + series.header().intercept);
  for (float& value : volume.voxels) value = static_cast<float>((value - series.header().intercept) / series.header().slope);
  EXPECT_EQ(sha256_of_integers(volume), expected.at("sha256_int64").get<std::string>());
}

/// Source: TCIA Soft-tissue-Sarcoma through MIRP, which reads DICOM without any library used here.
TEST(DicomFiles, CtPetAndMrOfRealPatientsEqualTheirNifti) {
  const std::string root = "data/petct_mr_sarcoma";
  if (is_absent(root)) GTEST_SKIP() << kNeedsShared << root;
  constexpr double kPosition_mm = 1e-2;  // the reference's header is float32
  for (const char* patient : {"STS_002", "STS_008", "STS_042"})
    for (const char* modality : {"CT", "PET", "MR_T1"}) {
      const fs::path folder = shared_path(root + "/" + patient);
      const Series series = only_series(folder / "dicom" / modality / "image");
      EXPECT_EQ(series.problem, "");
      EXPECT_EQ(series.header().units, std::string_view(modality) == "PET" ? "GML" : "");
      const Volume ours = orient(load_series(series), "LPS");
      fs::path reference;
      for (const auto& entry : fs::directory_iterator(folder / "ref_nifti"))
        if (const std::string name = entry.path().filename().string();
            name.find(modality) != std::string::npos && name.find("mask") == std::string::npos)
          reference = entry.path();
      ASSERT_FALSE(reference.empty());
      const Volume theirs = orient(read_nifti(reference), "LPS");
      EXPECT_TRUE(same_grid(ours.geometry, theirs.geometry, kPosition_mm)) << patient << " " << modality;
      ASSERT_EQ(ours.voxels.size(), theirs.voxels.size());
      double largest = 0, difference = 0;
      for (std::size_t n = 0; n < ours.voxels.size(); ++n) {
        largest = std::max(largest, std::abs(static_cast<double>(theirs.voxels[n])));
        difference = std::max(difference, std::abs(static_cast<double>(ours.voxels[n]) - theirs.voxels[n]));
      }
      EXPECT_LE(difference, 1e-5 * largest) << patient << " " << modality;
    }
}

constexpr double kAffine_mm = 1e-4;

/// The reference of dcm2niix, one volume of it, both turned to LPS.
void expect_equal_to_reference(const Series& series, const fs::path& reference, std::size_t volume, double tolerance) {
  ASSERT_EQ(series.problem, "");
  const Volume ours = orient(load_series(series), "LPS");
  const Volume theirs = orient(read_nifti_volume(reference, volume), "LPS");
  EXPECT_TRUE(same_grid(ours.geometry, theirs.geometry, 0.01));
  for (std::size_t r = 0; r < 3; ++r) {
    EXPECT_NEAR(ours.geometry.origin_mm[r], theirs.geometry.origin_mm[r], kAffine_mm);
    for (std::size_t c = 0; c < 3; ++c)
      EXPECT_NEAR(ours.geometry.direction[r][c] * ours.geometry.spacing_mm[c],
                  theirs.geometry.direction[r][c] * theirs.geometry.spacing_mm[c], kAffine_mm);
  }
  ASSERT_EQ(ours.voxels.size(), theirs.voxels.size());
  double worst = 0;
  for (std::size_t n = 0; n < ours.voxels.size(); ++n)
    worst = std::max(worst, std::abs(static_cast<double>(ours.voxels[n]) - theirs.voxels[n]));
  EXPECT_LE(worst, tolerance) << "volume " << volume;
}

fs::path reference_in(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder))
    if (const std::string name = entry.path().filename().string(); name.find(".nii") != std::string::npos) return entry.path();
  throw Error(ErrorCode::kNotFound, "no reference in " + folder.string());
}

TEST(DicomFiles, AFourDimensionalSeriesOfGeIsSplitIntoDcm2niixsVolumes) {
  const std::string root = std::string(kReal) + "/ge_mr750_epi_4d";
  if (is_absent(root)) GTEST_SKIP() << kNeedsShared << root;
  const Study study = scan_study(shared_path(root + "/dicom"));
  const fs::path reference = reference_in(shared_path(root + "/ref"));
  ASSERT_EQ(study.series.size(), static_cast<std::size_t>(inspect_nifti(reference).shape.at(3)));
  for (std::size_t v = 0; v < study.series.size(); ++v) {
    EXPECT_EQ(study.series[v].volume, static_cast<int>(v) + 1);
    expect_equal_to_reference(study.series[v], reference, v, 0);
  }
}

/// Every series that comes with a NIfTI of dcm2niix: its voxels but for the rounding of float32 headers, its grid within 1e-4 mm.
TEST(DicomFiles, EverySeriesEqualsItsReferenceNifti) {
  if (is_absent(kReal)) GTEST_SKIP() << kNeedsShared << kReal;
  constexpr double kRounding = 2e-5;  // of the largest value: one reference has a slope of five digits
  std::size_t compared = 0;
  for (const auto& folder : fs::directory_iterator(shared_path(kReal))) {
    const Study study = scan_study(folder.path() / "dicom");
    for (const auto& file : fs::directory_iterator(folder.path() / "ref")) {
      if (file.path().filename().string().find(".nii") == std::string::npos) continue;
      // Field map and magnitude of one file: the reference's name says which it is.
      const bool is_map = file.path().filename().string().find("fieldmap") != std::string::npos;
      std::vector<const Series*> volumes;
      for (const Series& series : study.series)
        if (study.series.size() != 2 || series.part.empty() || (series.header().te_ms.value_or(0) == 0) == is_map)
          volumes.push_back(&series);
      const auto theirs = read_nifti_volumes(file.path());
      ASSERT_EQ(volumes.size(), theirs.size()) << file.path();
      for (std::size_t v = 0; v < theirs.size(); ++v) {
        const float largest = *std::max_element(theirs[v].voxels.begin(), theirs[v].voxels.end());
        SCOPED_TRACE(file.path().string());
        expect_equal_to_reference(*volumes[v], file.path(), v, kRounding * largest);
      }
      ++compared;
    }
  }
  EXPECT_EQ(compared, 9U);
}

TEST(DicomFiles, AGantryTiltWithVaryingDistancesIsRefusedWithItsGaps) {
  const std::string root = std::string(kReal) + "/ge_ct_gantry_tilt_varying_spacing/dicom";
  if (is_absent(root)) GTEST_SKIP() << kNeedsShared << root;
  const Series series = only_series(shared_path(root));
  // ../shared/data/README.md: 13 x 4.0019, 1.0811, 13 x 6.9986 mm along the axis, and 18.5 degrees.
  EXPECT_THAT(series.problem, HasSubstr("the gaps are (mm) 13 x "));
  EXPECT_THAT(series.problem, HasSubstr("18.5"));
  EXPECT_THROW(load_series(series), Error);
}

/// Positions and spacings of a Philips CT of neurolabusc/dcm_qa_ct, in files of our own.
TEST(DicomFiles, GridOfACtHasTheOraclesAffine) {
  if (is_absent("oracles")) GTEST_SKIP() << kNeedsShared << "oracles";
  const Json oracle = test::oracle("imaging", "ct_affine_dicom_to_nifti");
  const Json &input = oracle.at("input"), &rows = oracle.at("expected").at("LPS_affine_rows");
  const auto joined = [](const std::vector<double>& values) {
    std::string text;
    for (const double value : values) text += (text.empty() ? "" : "\\") + fmt::format("{}", value);
    return text;
  };
  const auto first = input.at("IPP_first").get<std::vector<double>>(), last = input.at("IPP_last").get<std::vector<double>>();
  const int slices = input.at("n");
  const TemporaryFolder folder;
  for (int n = 0; n < slices; ++n) {
    std::vector<double> position = first;
    for (std::size_t a = 0; a < 3; ++a) position[a] += (last[a] - first[a]) * n / (slices - 1);
    test::write_dicom(folder.path() / std::to_string(n), {.sop_class = UID_CTImageStorage,
                                                          .number = n,
                                                          .attributes = {{DCM_ImagePositionPatient, joined(position)},
                                                                         {DCM_ImageOrientationPatient, joined(input.at("IOP"))},
                                                                         {DCM_PixelSpacing, joined(input.at("pixel_spacing"))}}});
  }
  const Geometry g = only_series(folder.path()).geometry;
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR(g.direction[r][c] * g.spacing_mm[c], rows[r][c].get<double>(), 1e-6);
    EXPECT_NEAR(g.origin_mm[r], rows[r][3].get<double>(), 1e-6);
  }
}

TEST(DicomFiles, SidecarOfGeEqualsDcm2niixs) {
  const std::string root = std::string(kReal) + "/ge_mr750_epi_4d/dicom";
  if (is_absent(root) || is_absent("oracles")) GTEST_SKIP() << kNeedsShared << root;
  const Json expected = test::oracle("imaging", "json_sidecar_fields").at("expected");
  const Json sidecar = to_sidecar(scan_study(shared_path(root)).series.at(0));
  for (const auto& [key, value] : expected.items()) {
    ASSERT_TRUE(sidecar.contains(key)) << key;
    if (value.is_number()) {
      EXPECT_NEAR(sidecar.at(key).get<double>(), value.get<double>(), 1e-6) << key;
    } else {
      EXPECT_EQ(sidecar.at(key), value) << key;
    }
  }
}

}  // namespace
}  // namespace consilium::imaging
