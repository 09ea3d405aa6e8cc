#include "pipelines/annotation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "pipelines/segment.h"
#include "pipelines/train_model.h"
#include "tests/support/refusal.h"
#include "tests/support/tiny_site.h"
#include "tests/support/tiny_training.h"

namespace consilium::pipelines {
namespace {

using test::refusal;
using testing::ElementsAre;
using testing::HasSubstr;

const imaging::LabelScheme& kTumour = imaging::label_scheme("brats2023");

Annotation of(const std::vector<std::string>& names) { return annotation_of({kTumour, names}, Target::kBratsRegions); }
std::vector<Label> known(const std::vector<std::string>& names, const char* scheme = "brats2023", std::vector<Label> labels = {0, 1, 2, 3}) {
  return to_known_classes({{}, std::move(labels)}, {imaging::label_scheme(scheme), names}, Target::kBratsRegions).labels;
}

TEST(Annotation, ClassesThatNothingSeparatesShareASet) {
  EXPECT_THAT(of({"WT"}).sets.set_of_class, ElementsAre(0, 1, 1, 1));
  EXPECT_THAT(of({"TC"}).sets.set_of_class, ElementsAre(0, 1, 0, 1));
  EXPECT_THAT(of({"TC", "ET"}).sets.set_of_class, ElementsAre(0, 1, 0, 2));
  EXPECT_THAT(of({"WT", "ET"}).sets.set_of_class, ElementsAre(0, 1, 1, 2));
  EXPECT_THAT(of({"oedema"}).sets.set_of_class, ElementsAre(0, 0, 1, 0));
  for (const auto& everything : std::vector<std::vector<std::string>>{{}, {"WT", "TC", "ET"}, {"necrotic", "oedema", "enhancing"}, {"TC", "oedema", "ET"}})
    EXPECT_TRUE(of(everything).sets.set_of_class.empty());
}

TEST(Annotation, ShowsTheRegionsThatAreMadeOfWholeSets) {
  EXPECT_THAT(of({}).regions, ElementsAre("WT", "TC", "ET"));
  EXPECT_THAT(of({"WT"}).regions, ElementsAre("WT"));
  EXPECT_THAT(of({"ET", "TC"}).regions, ElementsAre("TC", "ET"));
  EXPECT_THAT(of({"necrotic", "enhancing"}).regions, ElementsAre("TC", "ET"));
  EXPECT_THAT(of({"TC", "oedema"}).regions, ElementsAre("WT", "TC"));
  EXPECT_TRUE(of({"oedema"}).regions.empty());
}

TEST(Annotation, ReadAsCompleteWhatIsNotMarkedIsAbsent) {
  EXPECT_THAT(known({}), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(known({"WT"}), ElementsAre(0, 2, 2, 2));  // tumour that is neither core nor enhancing
  EXPECT_THAT(known({"TC"}), ElementsAre(0, 1, 0, 1));
  EXPECT_THAT(known({"TC", "ET"}), ElementsAre(0, 1, 0, 3));
  EXPECT_THAT(known({"oedema"}), ElementsAre(0, 0, 2, 0));
}

TEST(Annotation, ABinarySchemesNumberIsTheOneThingThatItMarks) {
  EXPECT_THAT(known({"WT"}, "binary", {0, 1}), ElementsAre(0, 2));
  EXPECT_THAT(known({"TC"}, "binary", {0, 1}), ElementsAre(0, 1));
  EXPECT_THAT(known({"ET"}, "binary", {0, 1}), ElementsAre(0, 3));
  EXPECT_THAT(known({"oedema"}, "binary", {0, 1}), ElementsAre(0, 2));
  for (const auto& names : std::vector<std::vector<std::string>>{{}, {"WT", "TC"}})
    EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { known(names, "binary", {0, 1}); }), HasSubstr("names the one region"));
}

TEST(Annotation, WhatDoesNotFitTheTargetIsRefused) {
  const auto refused = [](const std::vector<std::string>& names, Target target) { return refusal(ErrorCode::kUsage, [&] { annotation_of({kTumour, names}, target); }); };
  EXPECT_THAT(refused({"TC", "ET"}, Target::kWholeTumour), HasSubstr("whole tumour"));
  EXPECT_THAT(refused({"WT"}, Target::kLesion), HasSubstr("lesion"));
  EXPECT_THAT(refused({"NCR"}, Target::kBratsRegions), HasSubstr("WT, TC, ET, necrotic, oedema, enhancing"));
  EXPECT_THAT(refused({"WT", "WT"}, Target::kBratsRegions), HasSubstr("twice"));
  EXPECT_TRUE(annotation_of({kTumour, {"TC", "oedema"}}, Target::kWholeTumour).sets.set_of_class.empty());
  EXPECT_THAT(refusal(ErrorCode::kUsage, [] { validate_annotated({"tumour"}, "join.json.annotated"); }), HasSubstr("join.json.annotated"));
}

class PartialSite : public testing::Test {
 protected:
  PartialSite() { test::write_tiny_site(folder.path(), "p", 2, 1, 5); }
  PreparedCase prepared(const SiteLabels& labels, std::size_t n) const { return prepare_site(folder.path(), settings, labels).at(n); }

  TemporaryFolder folder;
  TrainingSettings settings = parse_training_settings(test::tiny_training(), "tiny");
};

TEST_F(PartialSite, TrainsOnWhatItsLabelsShow) {
  const PreparedCase whole = prepared(kTumour, 0), partial = prepared({kTumour, {"WT"}}, 0);
  EXPECT_THAT(partial.sample.sets.set_of_class, ElementsAre(0, 1, 1, 1));
  ASSERT_EQ(partial.sample.labels.size(), whole.sample.labels.size());
  for (std::size_t n = 0; n < whole.sample.labels.size(); ++n) ASSERT_EQ(partial.sample.labels[n], whole.sample.labels[n] == 0 ? 0 : 2);
}

TEST_F(PartialSite, IsJudgedInTheRegionsItShowsAndTheOthersAreAbsent) {
  const PreparedCase partial = prepared({kTumour, {"WT"}}, 2);
  const auto scores = score(test::tiny_patient(7).labels, partial, Target::kBratsRegions);
  ASSERT_EQ(scores.size(), 1U);
  EXPECT_EQ(scores[0].region, "WT");
  EXPECT_EQ(scores[0].dice, 1);
}

TEST_F(PartialSite, IsJudgedInFullWhereASimulationSaysSo) {
  const PreparedCase partial = prepared({kTumour, {"WT"}, true}, 2);
  const auto scores = score(test::tiny_patient(7).labels, partial, Target::kBratsRegions);
  ASSERT_EQ(scores.size(), 3U);
  for (const RegionScore& region : scores) EXPECT_EQ(region.dice, 1) << region.region;
  EXPECT_THAT(partial.annotated, ElementsAre("WT"));  // it validates as it trains
  EXPECT_THAT(partial.sample.sets.set_of_class, ElementsAre(0, 1, 1, 1));
}

TEST_F(PartialSite, ValidatesInTheRegionsItShows) {
  const models::Segmenter untrained = initial_model(settings);
  const PreparedCase whole = prepared(kTumour, 0), partial = prepared({kTumour, {"WT"}, true}, 0);
  const double in_full = validation_score(untrained, {&whole}, settings), of_whole_tumour = validation_score(untrained, {&partial}, settings);
  PreparedCase judged = whole;
  judged.judged = {"WT"};
  EXPECT_DOUBLE_EQ(of_whole_tumour, score(segment(untrained, whole, settings), judged, settings.target).at(0).dice);
  EXPECT_NE(in_full, of_whole_tumour);
  const PreparedCase none = prepared({kTumour, {"oedema"}}, 0);
  EXPECT_DOUBLE_EQ(validation_score(untrained, {&partial, &none}, settings), of_whole_tumour);
}

}  // namespace
}  // namespace consilium::pipelines
