#include "pipelines/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/files.h"
#include "imaging/nifti/nifti.h"
#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

using testing::HasSubstr;

const Geometry kGrid{{10, 10, 10}, {1, 2, 3}, {0, 0, 0}, kIdentity3};

LabelMap box(std::size_t from, std::size_t to, Label label, Label rest = 0) {
  LabelMap map{kGrid, std::vector<Label>(1000, rest)};
  for (std::size_t k = from; k < to; ++k)
    for (std::size_t j = from; j < to; ++j)
      for (std::size_t i = from; i < to; ++i) map.labels[offset_of(kGrid.size, i, j, k)] = label;
  return map;
}

class Evaluate : public testing::Test {
 protected:
  void put(const std::string& side, const std::string& name, const LabelMap& map) {
    imaging::write_nifti(folder_.path() / side / name, map);
  }
  EvaluationReport run(const std::string& scheme) {
    return evaluate_folders(folder_.path() / "reference", folder_.path() / "prediction", imaging::label_scheme(scheme));
  }
  TemporaryFolder folder_;
};

TEST_F(Evaluate, RegionsOfAPerfectPredictionScoreOneAndZero) {
  const auto scores = evaluate_case(box(2, 6, 3, 2), box(2, 6, 3, 2), imaging::label_scheme("brats2023"));
  ASSERT_EQ(scores.size(), 3U);
  for (const RegionScore& score : scores) {
    EXPECT_EQ(score.dice, 1) << score.region;
    EXPECT_EQ(score.hd95_mm, 0) << score.region;
    EXPECT_FALSE(is_missed(score));
  }
  EXPECT_DOUBLE_EQ(scores[0].reference_ml, 6);                // WT: 1000 voxels of 6 mm3
  EXPECT_DOUBLE_EQ(scores[2].reference_ml, 64 * 6.0 / 1000);  // ET: 4 x 4 x 4 voxels
}

TEST_F(Evaluate, TheSchemeDecidesWhatANumberMeans) {
  put("reference", "a.nii.gz", box(2, 6, 4));  // 4 is enhancing tumour in BraTS 2021
  put("prediction", "a.nii.gz", box(2, 6, 4));
  EXPECT_EQ(run("brats2021").cases.at(0).regions.at(2).reference_ml, 64 * 6.0 / 1000);
  const EvaluationReport other = run("brats2023");
  ASSERT_EQ(other.failures.size(), 1U);
  EXPECT_THAT(other.failures[0].reason, HasSubstr("4"));
}

TEST_F(Evaluate, ARegionThatOnlyOneSideHasIsMissedAndSaidToBe) {
  put("reference", "a.nii.gz", box(2, 6, 3));   // all of it enhancing
  put("prediction", "a.nii.gz", box(2, 6, 2));  // all of it oedema
  const EvaluationReport report = run("brats2023");
  const RegionScore& enhancing = report.cases.at(0).regions.at(2);
  EXPECT_EQ(enhancing.dice, 0);
  EXPECT_NEAR(enhancing.hd95_mm, std::hypot(10, 20, 30), 1e-9) << "the image's diagonal";
  EXPECT_TRUE(is_missed(enhancing));
  EXPECT_FALSE(is_missed(report.cases[0].regions[0]));
  EXPECT_THAT(to_text(report), HasSubstr("missed: only one of prediction and reference has the region"));
  EXPECT_EQ(to_json(report)["mean"]["ET"]["missed"], 1);
  EXPECT_EQ(to_json(report)["mean"]["WT"]["missed"], 0);
}

TEST_F(Evaluate, ARegionThatNeitherHasIsPerfect) {
  put("reference", "a.nii", box(2, 6, 2));
  put("prediction", "a.nii.gz", box(2, 6, 2));
  const EvaluationReport report = run("brats2023");
  EXPECT_EQ(report.cases.at(0).regions.at(2).dice, 1);
  EXPECT_EQ(report.cases.at(0).regions.at(2).hd95_mm, 0);
  EXPECT_THAT(to_text(report), testing::Not(HasSubstr("missed")));
}

TEST_F(Evaluate, ACaseThatCannotBeComparedIsListedAndCostsTheOthersNothing) {
  put("reference", "good.nii.gz", box(2, 6, 1));
  put("prediction", "good.nii.gz", box(2, 5, 1));
  put("reference", "alone.nii.gz", box(2, 6, 1));
  put("prediction", "stranger.nii.gz", box(2, 6, 1));
  put("reference", "grid.nii.gz", box(2, 6, 1));
  put("prediction", "grid.nii.gz", LabelMap{{{2, 2, 2}, {1, 1, 1}, {0, 0, 0}, kIdentity3}, std::vector<Label>(8, 1)});
  put("reference", "damaged.nii.gz", box(2, 6, 1));
  write_file(folder_.path() / "prediction" / "damaged.nii.gz", "no image");
  const EvaluationReport report = run("binary");
  ASSERT_EQ(report.cases.size(), 1U);
  EXPECT_NEAR(report.cases[0].regions[0].dice, 2 * 27.0 / (27 + 64), 1e-12);
  ASSERT_EQ(report.failures.size(), 4U);
  std::string reasons;
  for (const auto& failure : report.failures) reasons += failure.name + ": " + failure.reason + "\n";
  for (const char* words : {"alone: no prediction of that name", "stranger: no reference of that name",
                            "grid: prediction and reference lie on different grids", "damaged: "})
    EXPECT_THAT(reasons, HasSubstr(words));
}

TEST_F(Evaluate, MeansAreOverTheCasesThatWereCompared) {
  for (const char* side : {"reference", "prediction"}) put(side, "a.nii.gz", box(2, 6, 1));
  put("reference", "b.nii.gz", box(2, 6, 1));
  put("prediction", "b.nii.gz", box(2, 5, 1));
  const Json mean = to_json(run("binary"))["mean"]["lesion"];
  EXPECT_NEAR(mean["dice"], (1 + 2 * 27.0 / (27 + 64)) / 2, 1e-12);
  EXPECT_EQ(mean["cases"], 2);
}

TEST_F(Evaluate, CsvQuotesNamesAsRfc4180Does) {
  put("reference", "a \"b\", c.nii.gz", box(2, 6, 1));
  put("prediction", "a \"b\", c.nii.gz", box(2, 6, 1));
  EXPECT_THAT(to_csv(run("binary")), HasSubstr("\"a \"\"b\"\", c\",lesion,1.000000,0.0000,0.3840,0.3840\n"));
}

TEST_F(Evaluate, RefusesFoldersThatCannotBeMeant) {
  EXPECT_THAT(test::refusal(ErrorCode::kNotFound, [&] { run("binary"); }), HasSubstr("no such folder"));
  fs::create_directories(folder_.path() / "reference");
  fs::create_directories(folder_.path() / "prediction");
  EXPECT_THAT(test::refusal(ErrorCode::kNotFound, [&] { run("binary"); }), HasSubstr("holds no .nii"));
  put("reference", "a.nii", box(2, 6, 1));
  put("reference", "a.nii.gz", box(2, 6, 1));
  EXPECT_THAT(test::refusal(ErrorCode::kMismatch, [&] { run("binary"); }), HasSubstr("two files are named a"));
}

}  // namespace
}  // namespace consilium::pipelines
