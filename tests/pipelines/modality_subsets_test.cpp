#include "pipelines/modality_subsets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipelines/modality_ensemble.h"
#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TrainingSettings settings_of(std::vector<std::string> channels, std::vector<models::ModalityOptions> modalities) {
  TrainingSettings settings;
  settings.normalise.channels = std::move(channels);
  settings.model.in_channels = static_cast<int>(settings.normalise.channels.size());
  settings.model.multimodal.modalities = std::move(modalities);
  return settings;
}

PreparedCase prepared(std::vector<bool> present) {
  PreparedCase c;
  c.name = "case";
  c.sample.channels = 3;
  c.sample.size = {1, 1, 2};
  c.sample.image = {1, 2, 3, 4, 5, 6};
  c.has = present;
  c.sample.present = std::move(present);
  return c;
}

TEST(ModalitySubsets, AreAllNonEmptyOnesOfModalitiesFewestFirst) {
  const TrainingSettings settings = settings_of({"CT", "T1", "FLAIR"}, {{"CT", 1}, {"MR", 2}});
  std::vector<std::vector<std::string>> names;
  for (const ChannelSet& set : modality_subsets(settings)) names.push_back(names_of(set, settings));
  EXPECT_THAT(names, ElementsAre(ElementsAre("CT"), ElementsAre("T1", "FLAIR"), ElementsAre("CT", "T1", "FLAIR")));
  EXPECT_EQ(modality_subsets(settings_of({"CT", "T1", "FLAIR"}, {})).size(), 7U) << "without modalities every channel is one";
}

TEST(ModalitySubsets, OfMoreThanEightModalitiesAreRefused) {
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kUsage, [] { modality_subsets(settings_of({"a", "b", "c", "d", "e", "f", "g", "h", "i"}, {})); }), HasSubstr("9 modalities are too many"));
}

TEST(ModalitySubsets, WhatIsLeftOutIsAbsentForOneNetworkAndZerosForTheOther) {
  const ChannelSet first{true, false, false};
  const PreparedCase absent = with_channels_only(prepared({}), first, settings_of({"CT", "T1", "FLAIR"}, {{"CT", 1}, {"MR", 2}}));
  EXPECT_EQ(absent.sample.present, first);
  EXPECT_THAT(absent.sample.image, ElementsAre(1, 2, 0, 0, 0, 0));
  const PreparedCase zeros = with_channels_only(prepared({}), first, settings_of({"CT", "T1", "FLAIR"}, {}));
  EXPECT_TRUE(zeros.sample.present.empty());
  EXPECT_THAT(zeros.sample.image, ElementsAre(1, 2, 0, 0, 0, 0));
}

TEST(ModalitySubsets, AModelKnowsWhatItsCasesHave) {
  const TrainingSettings settings = settings_of({"CT", "T1", "FLAIR"}, {{"CT", 1}, {"MR", 2}});
  const PreparedCase ct = prepared({true, false, false}), mr = prepared({false, true, true}), all = prepared({});
  EXPECT_EQ(channels_of({&ct}, settings), (ChannelSet{true, false, false}));
  EXPECT_EQ(channels_of({&ct, &mr}, settings), (ChannelSet{true, true, true}));
  EXPECT_EQ(channels_of({&all}, settings), (ChannelSet{true, true, true}));
  EXPECT_FALSE(has_channels(ct, {true, true, true}));
  EXPECT_TRUE(has_channels(ct, {true, false, false}));
  EXPECT_TRUE(is_empty(common(channels_of({&ct}, settings), channels_of({&mr}, settings))));
}

TEST(ModalityEnsemble, HasANetworkForEachModalityThatReadsItsChannels) {
  const TrainingSettings settings = settings_of({"CT", "T1", "FLAIR"}, {{"CT", 1}, {"MR", 2}});
  const auto members = ensemble_members(settings);
  ASSERT_EQ(members.size(), 2U);
  EXPECT_EQ(member_name(members[0]), "ensemble_CT");
  EXPECT_EQ(member_name(members[1]), "ensemble_T1_FLAIR");
  EXPECT_EQ(members[1].training.model.in_channels, 2);
  EXPECT_TRUE(members[1].training.model.multimodal.modalities.empty());
  EXPECT_THAT(case_of_member(prepared({}), members[1]).sample.image, ElementsAre(3, 4, 5, 6));
}

}  // namespace
}  // namespace consilium::pipelines
