#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/files.h"
#include "pipelines/ingest.h"
#include "pipelines/normalise.h"
#include "tests/support/refusal.h"
#include "tests/support/tiny_site.h"

namespace consilium::pipelines {
namespace {

using test::refusal;
using test::tiny_patient;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

const imaging::LabelScheme& scheme() { return imaging::label_scheme("brats2023"); }

/// A case that has T1ce and FLAIR, FLAIR on a grid of its own.
Case case_with_two() {
  const auto patient = tiny_patient(1), shifted = tiny_patient(1, {{20, 19, 18}, {2, 2, 2}, {-18, -17, -16}, kIdentity3});
  return {"patient", {{"T1ce", patient.t1ce}, {"FLAIR", shifted.flair}}, patient.labels};
}

NormaliseOptions options_with(Missing missing, std::string reference = "") {
  return {.channels = {"CT", "FLAIR", "PET", "T1ce"}, .reference = std::move(reference), .missing = missing, .crop = false};
}

TEST(MissingChannels, RefusedUnlessTheSettingsSayWhatTheyAre) {
  EXPECT_EQ(NormaliseOptions{}.missing, Missing::kRefuse);
  EXPECT_THAT(refusal(ErrorCode::kNotFound, [] { normalise(case_with_two(), options_with(Missing::kRefuse)); }), AllOf(HasSubstr("patient"), HasSubstr("no CT image")));
}

TEST(MissingChannels, AreZerosThatSayTheyAreNotThere) {
  for (const Missing missing : {Missing::kZero, Missing::kAbsent}) {
    const NormalisedCase ready = normalise(case_with_two(), options_with(missing));
    EXPECT_THAT(ready.present, ElementsAre(false, true, false, true));
    ASSERT_EQ(ready.images.size(), 4U);
    for (const std::size_t n : {0U, 2U}) {
      EXPECT_EQ(ready.images[n].geometry, ready.grid);
      EXPECT_EQ(ready.images[n].voxels, std::vector<float>(voxel_count(ready.grid), 0.0F)) << n;
    }
    for (const std::size_t n : {1U, 3U})
      EXPECT_GT(*std::max_element(ready.images[n].voxels.begin(), ready.images[n].voxels.end()), 1) << n;
  }
}

TEST(MissingChannels, TheFirstThatIsThereGivesTheGridUnlessTheReferenceIs) {
  const Case raw = case_with_two();
  EXPECT_EQ(normalise(raw, options_with(Missing::kAbsent)).grid, raw.images.at("FLAIR").geometry);
  EXPECT_EQ(normalise(raw, options_with(Missing::kAbsent, "T1ce")).grid, raw.images.at("T1ce").geometry);
  EXPECT_EQ(normalise(raw, options_with(Missing::kAbsent, "PET")).grid, raw.images.at("FLAIR").geometry);
}

TEST(MissingChannels, LabelsFollowTheGridOfWhatIsThere) {
  const NormalisedCase ready = normalise(case_with_two(), options_with(Missing::kAbsent));
  ASSERT_TRUE(ready.labels.has_value());
  EXPECT_EQ(ready.labels->geometry, ready.grid);
  const auto before = case_with_two().labels->labels;
  EXPECT_EQ(std::count(ready.labels->labels.begin(), ready.labels->labels.end(), 3), std::count(before.begin(), before.end(), 3));
}

TEST(MissingChannels, WhatIsThereIsScaledAsInACompleteCase) {
  const NormaliseOptions whole{.channels = {"T1ce"}, .crop = false};
  EXPECT_EQ(normalise(case_with_two(), options_with(Missing::kAbsent, "T1ce")).images[3].voxels, normalise(case_with_two(), whole).images[0].voxels);
}

TEST(MissingChannels, ACaseWithoutAnyIsRefusedEverywhere) {
  Case raw = case_with_two();
  raw.images.clear();
  for (const Missing missing : {Missing::kRefuse, Missing::kZero, Missing::kAbsent})
    EXPECT_THAT(refusal(ErrorCode::kNotFound, [&] { normalise(raw, options_with(missing)); }), HasSubstr("no CT image"));
  const TemporaryFolder site;
  test::write_tiny_case(site.path() / "p", tiny_patient(1));
  const CasePaths paths = find_cases(site.path()).at(0);
  EXPECT_THAT(refusal(ErrorCode::kNotFound, [&] { load_case(paths, {"CT", "PET"}, scheme(), {.may_lack = true}); }),
              AllOf(HasSubstr("case p: no CT, PET image"), HasSubstr("FLAIR, T1ce")));
}

TEST(MissingChannels, LoadingLeavesThemOutOnlyWhereTheyMayLack) {
  const TemporaryFolder site;
  test::write_tiny_case(site.path() / "p", tiny_patient(1));
  const CasePaths paths = find_cases(site.path()).at(0);
  const Case loaded = load_case(paths, {"CT", "FLAIR", "T1ce"}, scheme(), {.may_lack = true});
  EXPECT_EQ(loaded.images.size(), 2U);
  EXPECT_FALSE(loaded.images.contains("CT"));
  EXPECT_TRUE(loaded.labels.has_value());
  EXPECT_THAT(refusal(ErrorCode::kNotFound, [&] { load_case(paths, {"CT", "FLAIR", "T1ce"}, scheme()); }), HasSubstr("no CT image"));
}

TEST(MissingChannels, TheSettingIsOneOfThreeWords) {
  for (const char* word : {"refuse", "zero", "absent"}) {
    const Json json = parse_json(std::string(R"({"missing": ")") + word + "\"}", "test");
    NormaliseOptions options;
    SettingsReader reader(json, "normalise");
    read_normalise_options(reader, options);
    EXPECT_EQ(to_json(options).at("missing"), word);
  }
  EXPECT_THAT(refusal(ErrorCode::kUsage, [] {
                const Json json = parse_json(R"({"missing": "absnet"})", "test");
                NormaliseOptions options;
                SettingsReader reader(json, "normalise");
                read_normalise_options(reader, options);
              }),
              HasSubstr("absent"));
}

}  // namespace
}  // namespace consilium::pipelines
