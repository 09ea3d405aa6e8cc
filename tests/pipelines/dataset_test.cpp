#include "pipelines/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/files.h"
#include "tests/support/refusal.h"
#include "tests/support/tiny_site.h"

namespace consilium::pipelines {
namespace {

using test::refusal;
using testing::HasSubstr;

std::vector<PreparedCase> named_cases(int train, int held_out) {
  std::vector<PreparedCase> cases;
  for (int n = 0; n < train + held_out; ++n) {
    PreparedCase c;
    c.name = "case_" + std::to_string(n);
    c.split = n < train ? "train" : "test";
    c.sample.labels = {1};
    cases.push_back(c);
  }
  return cases;
}

std::multiset<std::string> names_of(const std::vector<const PreparedCase*>& cases) {
  std::multiset<std::string> names;
  for (const PreparedCase* c : cases) names.insert(c->name);
  return names;
}

std::multiset<std::string> all_of(const SiteSplit& split) {
  std::multiset<std::string> names = names_of(split.train);
  names.merge(names_of(split.validation));
  names.merge(names_of(split.test));
  return names;
}

std::multiset<std::string> names_of(const std::vector<PreparedCase>& cases) {
  std::multiset<std::string> names;
  for (const PreparedCase& c : cases) names.insert(c.name);
  return names;
}

TrainingSettings settings_with(int validation_cases, std::uint64_t seed = 1) {
  TrainingSettings settings;
  settings.validation_cases = validation_cases;
  settings.seed = seed;
  return settings;
}

TEST(SplitByFolders, EveryCaseIsInOnePartAndTestCasesOnlyJudge) {
  const auto cases = named_cases(7, 3);
  const SiteSplit split = split_by_folders(cases, "east", settings_with(2));
  EXPECT_EQ(split.train.size(), 5U);
  EXPECT_EQ(split.validation.size(), 2U);
  EXPECT_EQ(names_of(split.test), (std::multiset<std::string>{"case_7", "case_8", "case_9"}));
  EXPECT_EQ(all_of(split), names_of(cases));  // nobody twice, nobody left out
}

TEST(SplitByFolders, SeedAndSiteDecideWhoValidates) {
  const auto cases = named_cases(12, 0);
  const auto chosen = [&](const std::string& site, std::uint64_t seed) {
    return names_of(split_by_folders(cases, site, settings_with(3, seed)).validation);
  };
  EXPECT_EQ(chosen("east", 1), chosen("east", 1));
  std::set<std::multiset<std::string>> found{chosen("east", 1), chosen("east", 2), chosen("east", 3), chosen("west", 1),
                                             chosen("north", 1)};
  EXPECT_GT(found.size(), 3U);  // 220 triples: five equal draws are no accident
}

TEST(SplitByFolders, OneCaseIsAlwaysLeftToTrain) {
  const auto cases = named_cases(2, 0);
  const SiteSplit split = split_by_folders(cases, "east", settings_with(9));
  EXPECT_EQ(split.train.size(), 1U);
  EXPECT_EQ(split.validation.size(), 1U);
  EXPECT_EQ(split_by_folders(cases, "east", settings_with(0)).train.size(), 2U);
  const auto held_out = named_cases(0, 2);
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { split_by_folders(held_out, "east", settings_with(1)); }), HasSubstr("east"));
}

TEST(SplitByFolders, ATrainingCaseNeedsLabelsATestCaseDoesNot) {
  auto cases = named_cases(3, 1);
  cases[3].sample.labels.clear();
  EXPECT_NO_THROW(split_by_folders(cases, "east", settings_with(1)));
  cases[1].sample.labels.clear();
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { split_by_folders(cases, "east", settings_with(1)); }),
              testing::AllOf(HasSubstr("east"), HasSubstr("case_1"), HasSubstr("no labels")));
}

TEST(SplitByFolds, EveryCaseIsJudgedOnceByAModelThatHasNotSeenIt) {
  for (const int folds : {2, 3, 5, 8}) {
    const auto cases = named_cases(4, 4);
    std::multiset<std::string> judged;
    for (int fold = 0; fold < folds; ++fold) {
      const SiteSplit split = split_by_folds(cases, "east", settings_with(1), fold, folds);
      EXPECT_EQ(all_of(split), names_of(cases)) << "fold " << fold << " of " << folds;
      EXPECT_EQ(split.validation.size(), 1U);
      // As equal as they can be.
      EXPECT_GE(split.test.size(), 8U / static_cast<unsigned>(folds));
      EXPECT_LE(split.test.size(), (7U + static_cast<unsigned>(folds)) / static_cast<unsigned>(folds));
      judged.merge(names_of(split.test));
    }
    EXPECT_EQ(judged, names_of(cases)) << folds << " folds";
  }
}

TEST(SplitByFolds, ASiteWithFewerCasesThanFoldsIsJudgedInSome) {
  const auto cases = named_cases(2, 0);
  std::multiset<std::string> judged;
  for (int fold = 0; fold < 5; ++fold) {
    const SiteSplit split = split_by_folds(cases, "east", settings_with(1), fold, 5);
    EXPECT_GE(split.train.size(), 1U);
    judged.merge(names_of(split.test));
  }
  EXPECT_EQ(judged, names_of(cases));
  const auto single = named_cases(1, 0);
  EXPECT_TRUE(split_by_folds(single, "east", settings_with(1), 0, 3).train.empty());
  EXPECT_EQ(split_by_folds(single, "east", settings_with(1), 1, 3).train.size(), 1U);
}

TEST(SplitByFolds, SeedDecidesAndImpossibleFoldsAreRefused) {
  const auto cases = named_cases(10, 0);
  const auto test_of = [&](std::uint64_t seed) {
    return names_of(split_by_folds(cases, "east", settings_with(1, seed), 0, 5).test);
  };
  EXPECT_EQ(test_of(1), test_of(1));
  EXPECT_GT((std::set<std::multiset<std::string>>{test_of(1), test_of(2), test_of(3), test_of(4)}).size(), 1U);
  for (const auto& [fold, folds] : {std::pair{-1, 3}, {3, 3}, {0, 1}, {0, 0}, {0, -2}})
    refusal(ErrorCode::kUsage, [&, fold = fold, folds = folds] { split_by_folds(cases, "east", settings_with(1), fold, folds); });
}

TEST(PrepareSite, ReadsCasesByNameWithTheirSplitAndTheirLabels) {
  const TemporaryFolder folder;
  test::write_tiny_site(folder.path(), "p", 2, 1, 5);
  test::write_tiny_case(folder.path() / "test" / "q", test::tiny_patient(9), false);
  TrainingSettings settings;
  settings.normalise.channels = {"T1ce", "FLAIR"};
  std::multiset<std::string> told;
  const auto cases = prepare_site(folder.path(), settings, imaging::label_scheme("brats2023"), {},
                                  [&](const std::string& name) { told.insert(name); });
  ASSERT_EQ(cases.size(), 4U);
  EXPECT_EQ(told, names_of(cases));
  EXPECT_EQ(cases[0].name, "p_0");
  EXPECT_EQ(cases[0].split, "train");
  EXPECT_EQ(cases[2].split, "test");
  const auto& sample = cases[0].sample;
  EXPECT_EQ(sample.channels, 2);
  const auto voxels = static_cast<std::size_t>(sample.size[0] * sample.size[1] * sample.size[2]);
  EXPECT_EQ(sample.image.size(), 2 * voxels);
  EXPECT_EQ(sample.labels.size(), voxels);
  // D, H, W is k, j, i.
  EXPECT_EQ(sample.size[2], static_cast<std::int64_t>(cases[0].grid.size[0]));
  EXPECT_EQ(sample.size[0], static_cast<std::int64_t>(cases[0].grid.size[2]));
  EXPECT_EQ(cases[0].reference->labels, test::tiny_patient(5).labels.labels);
  EXPECT_EQ(cases[3].name, "q");
  EXPECT_FALSE(cases[3].reference.has_value());
  EXPECT_TRUE(cases[3].sample.labels.empty());
}

TEST(PrepareSite, ACaseSaysWhichChannelsItHas) {
  const TemporaryFolder folder;
  test::write_tiny_site(folder.path(), "p", 1, 0, 5);
  TrainingSettings settings;
  settings.normalise.channels = {"CT", "T1ce", "FLAIR"};
  const std::vector<bool> has{false, true, true};
  for (const Missing missing : {Missing::kAbsent, Missing::kZero}) {
    settings.normalise.missing = missing;
    const auto cases = prepare_site(folder.path(), settings, imaging::label_scheme("brats2023"));
    EXPECT_EQ(cases[0].has, has);
    // Early fusion is not told that the zeros are no image.
    EXPECT_EQ(cases[0].sample.present, missing == Missing::kAbsent ? has : std::vector<bool>{});
    EXPECT_EQ(cases[0].sample.channels, 3);
    const std::size_t voxels = cases[0].sample.labels.size();
    const auto is_empty = [&](std::size_t channel) {
      const auto first = cases[0].sample.image.begin() + static_cast<std::ptrdiff_t>(channel * voxels);
      return std::all_of(first, first + static_cast<std::ptrdiff_t>(voxels), [](float v) { return v == 0; });
    };
    EXPECT_TRUE(is_empty(0));
    EXPECT_FALSE(is_empty(1));
    EXPECT_FALSE(is_empty(2));
  }
  settings.normalise.missing = Missing::kRefuse;
  EXPECT_THAT(refusal(ErrorCode::kNotFound, [&] { prepare_site(folder.path(), settings, imaging::label_scheme("brats2023")); }), HasSubstr("no CT image"));
}

TEST(PrepareSite, ABinaryTargetJoinsEveryKindOfTumour) {
  const TemporaryFolder folder;
  test::write_tiny_site(folder.path(), "p", 1, 0, 5);
  TrainingSettings settings;
  settings.normalise.channels = {"T1ce", "FLAIR"};
  settings.target = Target::kWholeTumour;
  const auto cases = prepare_site(folder.path(), settings, imaging::label_scheme("brats2023"));
  const auto& labels = test::tiny_patient(5).labels.labels;
  for (std::size_t n = 0; n < labels.size(); ++n) ASSERT_EQ(cases[0].reference->labels[n], labels[n] == 0 ? 0 : 1);
}

TEST(PrepareSite, TheCaseThatCannotBeReadIsNamed) {
  const TemporaryFolder folder;
  test::write_tiny_site(folder.path(), "p", 2, 0, 5);
  TrainingSettings settings;
  settings.normalise.channels = {"T1ce", "FLAIR", "T2"};
  const auto& scheme = imaging::label_scheme("brats2023");
  EXPECT_THAT(refusal(ErrorCode::kNotFound, [&] { prepare_site(folder.path(), settings, scheme); }),
              testing::AllOf(HasSubstr("p_"), HasSubstr("T2")));
  settings.normalise.channels = {"T1ce"};
  EXPECT_THAT(refusal(ErrorCode::kMismatch, [&] { prepare_site(folder.path(), settings, imaging::label_scheme("brats2021")); }),
              HasSubstr("label 3"));
  EXPECT_THAT(refusal(ErrorCode::kNotFound, [&] { prepare_site(folder.path() / "nowhere", settings, scheme); }),
              HasSubstr("nowhere"));
}

}  // namespace
}  // namespace consilium::pipelines
