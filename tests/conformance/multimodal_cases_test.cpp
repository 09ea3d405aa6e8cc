#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "imaging/nifti/nifti.h"
#include "imaging/ops/orient.h"
#include "pipelines/ingest.h"
#include "pipelines/normalise.h"
#include "tests/support/shared_data.h"

namespace consilium::pipelines {
namespace {

namespace fs = std::filesystem;
using test::is_absent;
using test::kNeedsShared;
using test::shared_path;
using testing::HasSubstr;
using testing::Not;

const char* const kSarcoma = "data/petct_mr_sarcoma";
const char* const kSites = "data/sarcoma_2mm";
const std::map<std::string, std::string> kReferenceOf{{"CT", "CT"}, {"PET", "PET"}, {"MR", "MR_T1"}};

double dice(const LabelMap& a, const LabelMap& b) {
  std::size_t in_a = 0, in_b = 0, both = 0;
  for (std::size_t n = 0; n < a.labels.size(); ++n) in_a += a.labels[n] != 0, in_b += b.labels[n] != 0, both += a.labels[n] != 0 && b.labels[n] != 0;
  return 2.0 * static_cast<double>(both) / static_cast<double>(in_a + in_b);
}

Case load(const CasePaths& paths, const std::vector<std::string>& channels) { return load_case(paths, channels, imaging::label_scheme("binary")); }

/// PET-CT and MR of a patient in one folder, with contours of each: through ingestion they are what MIRP made of them.
TEST(MultimodalCases, SarcomaPatientsComeFromDicomAsTheReferenceHasThem) {
  if (is_absent(kSarcoma)) GTEST_SKIP() << kNeedsShared << kSarcoma;
  const auto cases = find_cases(shared_path(kSarcoma));
  ASSERT_EQ(cases.size(), 3U);
  for (const CasePaths& paths : cases) {
    SCOPED_TRACE(paths.name);
    const Case loaded = load(paths, {"CT", "PET", "MR"});
    for (const auto& [channel, name] : kReferenceOf) {
      const Volume reference = imaging::orient(imaging::read_nifti(paths.folder / "ref_nifti" / (name + "_image.nii.gz")), "LPS"), mine = imaging::orient(loaded.images.at(channel), "LPS");
      ASSERT_TRUE(same_grid(mine.geometry, reference.geometry, 0.05)) << channel;
      // The reference keeps single precision of values that DICOM holds as scaled integers.
      double worst = 0, largest = 1;
      for (std::size_t n = 0; n < mine.voxels.size(); ++n) {
        worst = std::max(worst, std::abs(static_cast<double>(mine.voxels[n]) - reference.voxels[n]));
        largest = std::max(largest, std::abs(static_cast<double>(reference.voxels[n])));
      }
      EXPECT_LE(worst, 1e-4 * largest) << channel;
    }
    EXPECT_THAT(loaded.evidence.at("PET"), HasSubstr("SUV by body weight; same frame of reference as CT"));
    EXPECT_THAT(loaded.evidence.at("MR"), HasSubstr("same frame of reference as CT"));
    EXPECT_TRUE(loaded.alignments.empty());
  }
}

TEST(MultimodalCases, ContoursOfTheFirstChannelAreTheLabels) {
  if (is_absent(kSarcoma)) GTEST_SKIP() << kNeedsShared << kSarcoma;
  for (const CasePaths& paths : find_cases(shared_path(kSarcoma)))
    for (const std::vector<std::string>& channels : {std::vector<std::string>{"CT", "PET", "MR"}, {"PET", "CT"}, {"MR"}}) {
      SCOPED_TRACE(paths.name + " " + channels[0]);
      const Case loaded = load(paths, channels);
      ASSERT_TRUE(loaded.labels.has_value());
      EXPECT_THAT(loaded.evidence.at("labels"), HasSubstr("contours of " + channels[0]));
      const LabelMap reference = imaging::orient(imaging::read_nifti_labels(paths.folder / "ref_nifti" / (kReferenceOf.at(channels[0]) + "_mask.nii.gz")), "LPS"), mine = imaging::orient(*loaded.labels, "LPS");
      ASSERT_TRUE(same_grid(mine.geometry, reference.geometry, 0.05));
      EXPECT_GE(dice(mine, reference), 0.999);
    }
}

TEST(MultimodalCases, SarcomaPatientsLieOnOneGridAfterNormalising) {
  if (is_absent(kSarcoma)) GTEST_SKIP() << kNeedsShared << kSarcoma;
  const Case loaded = load(find_cases(shared_path(kSarcoma)).at(0), {"CT", "PET", "MR"});
  const NormalisedCase ready = normalise(loaded, {.channels = {"CT", "PET", "MR"}, .reference = "CT", .spacing_mm = {2, 2, 3}, .crop = false, .ct_window = {40, 400}});
  for (const Volume& image : ready.images) EXPECT_EQ(image.geometry, ready.grid);
  // The tumour takes up FDG: inside of the contour the PET is higher than around it.
  double inside = 0, outside = 0, in = 0, out = 0;
  for (std::size_t n = 0; n < ready.labels->labels.size(); ++n)
    if (ready.labels->labels[n] != 0) inside += ready.images[1].voxels[n], in += 1;
    else outside += ready.images[1].voxels[n], out += 1;
  EXPECT_GT(inside / in, 2 * outside / out);
}

/// Three sites of NIfTI files on one grid each.
TEST(MultimodalCases, TheSarcomaSitesAreReadAndScaledSensibly) {
  if (is_absent(kSites)) GTEST_SKIP() << kNeedsShared << kSites;
  const NormaliseOptions options{.channels = {"CT", "PET", "MR"}, .reference = "CT", .missing = Missing::kAbsent, .crop = false, .ct_window = {40, 400}};
  for (const auto& [site, patients] : std::map<std::string, std::size_t>{{"site_ge", 13}, {"site_philips", 3}, {"site_siemens", 4}}) {
    const auto cases = find_cases(shared_path(kSites) / site);
    ASSERT_EQ(cases.size(), patients) << site;
    for (const CasePaths& paths : {cases.front(), cases.back()}) {
      SCOPED_TRACE(site + " " + paths.name);
      const Case raw = load(paths, options.channels);
      ASSERT_TRUE(raw.labels.has_value());
      const NormalisedCase ready = normalise(raw, options);
      EXPECT_THAT(ready.present, testing::ElementsAre(true, true, true));
      // CT: the window of soft tissue about 0, and neither empty nor all at its ends.
      const auto& ct = ready.images[0].voxels;
      const auto at_ends = std::count_if(ct.begin(), ct.end(), [](float v) { return v <= -0.499F || v >= 0.499F; });
      EXPECT_GT(static_cast<double>(ct.size() - static_cast<std::size_t>(at_ends)) / static_cast<double>(ct.size()), 0.15);
      // PET: SUV of a body, not Bq/ml: some voxel of the tumour lies above 0.3 (SUV 1.5), none at the clip of SUV 50.
      float hottest = 0;
      for (std::size_t n = 0; n < ct.size(); ++n)
        if (ready.labels->labels[n] != 0) hottest = std::max(hottest, ready.images[1].voxels[n]);
      EXPECT_GT(hottest, 0.3F);
      EXPECT_LT(hottest, 10.0F);
      // MR: mean 0 and deviation 1 over what is covered, 0 elsewhere.
      const Volume mr = imaging::orient(raw.images.at("MR"), "LPS");
      double sum = 0, squares = 0, covered = 0;
      for (std::size_t n = 0; n < ct.size(); ++n) {
        const double v = ready.images[2].voxels[n];
        if (mr.voxels[n] == 0) {
          EXPECT_EQ(v, 0);
        } else {
          sum += v, squares += v * v, covered += 1;
        }
      }
      EXPECT_LT(covered, 0.9 * static_cast<double>(ct.size())) << "MR covers a part";
      EXPECT_NEAR(sum / covered, 0, 1e-3);
      EXPECT_NEAR(squares / covered, 1, 1e-3);
    }
  }
}

}  // namespace
}  // namespace consilium::pipelines
