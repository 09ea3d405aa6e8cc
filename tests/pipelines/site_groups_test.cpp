#include "pipelines/site_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "pipelines/group_cases.h"
#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

ModelState model(float value) { return {{{"ct.w", "stem.ct", {2}, {value, value}}, {"mr.w", "stem.mr", {1}, {value}}, {"pet.w", "stem.pet", {1}, {value}}, {"trunk.w", "trunk", {1}, {value}}}}; }

std::vector<std::string> names_of(const ModelState& state) {
  std::vector<std::string> names;
  for (const NamedTensor& tensor : state.tensors) names.push_back(tensor.name);
  return names;
}

/// A site with CT and PET; three sites own CT, one PET.
class SiteGroupsTest : public testing::Test {
 protected:
  SiteGroups groups(std::optional<fl::GroupOwners> rule = {}, bool hidden = false) const {
    fl::RoundPlan plan;
    plan.protection.groups = std::move(rule);
    if (hidden) plan.protection.secure_aggregation.emplace();
    return {plan, {{"stem.ct", 5}, {"stem.mr", 0}, {"stem.pet", 4}, {"trunk", 5}}, folder.path()};
  }
  static fl::GroupOwners counted(fl::TooFewOwners below = fl::TooFewOwners::kPersonal) { return {.below = below, .sites = 4, .owners = {{"stem.ct", 3}, {"stem.mr", 3}, {"stem.pet", 1}}}; }
  TemporaryFolder folder;
};

TEST_F(SiteGroupsTest, WithoutARuleOnlyWhatTheSiteHasNoCasesOfStaysBehind) {
  EXPECT_THAT(groups().frozen(model(1)), ElementsAre("mr.w"));
  EXPECT_THAT(names_of(groups().sent(model(1))), ElementsAre("ct.w", "pet.w", "trunk.w"));
  EXPECT_EQ(groups().put_into(model(1), 3), model(1));
  groups().save(model(2), 1);
  EXPECT_TRUE(fs::is_empty(folder.path())) << "nothing is kept";
}

TEST_F(SiteGroupsTest, AGroupOfTooFewOwnersIsTrainedAndKept) {
  const SiteGroups own = groups(counted());
  EXPECT_THAT(own.frozen(model(1)), ElementsAre("mr.w"));
  EXPECT_THAT(names_of(own.sent(model(1))), ElementsAre("ct.w", "trunk.w"));
  own.save(model(2), 1);
  const ModelState next = own.put_into(model(5), 1);
  EXPECT_EQ(next.tensors[2].values[0], 2) << "its own PET";
  EXPECT_EQ(next.tensors[0].values[0], 5) << "everybody's CT";
  EXPECT_EQ(next.tensors[1].values[0], 5) << "others' MR";
  EXPECT_EQ(with_owned_groups(model(5), folder.path(), 1), next) << "what the site uses";
  EXPECT_EQ(with_owned_groups(model(5), folder.path(), 0), model(5));
}

TEST_F(SiteGroupsTest, OneThatIsToBeFrozenIsNotTrained) {
  const SiteGroups own = groups(counted(fl::TooFewOwners::kFreeze));
  EXPECT_THAT(own.frozen(model(1)), ElementsAre("mr.w", "pet.w"));
  EXPECT_THAT(names_of(own.sent(model(1))), ElementsAre("ct.w", "trunk.w"));
}

TEST_F(SiteGroupsTest, BeforeTheFirstSumUnderAProtectionNoStemIsTrained) {
  EXPECT_THAT(groups(fl::GroupOwners{.sites = 4}, true).frozen(model(1)), ElementsAre("ct.w", "mr.w", "pet.w"));
  EXPECT_THAT(groups(fl::GroupOwners{.sites = 4}, false).frozen(model(1)), ElementsAre("mr.w")) << "a coordinator that sees them counts before it averages";
}

TEST_F(SiteGroupsTest, AGroupWhoseOwnersHaveBecomeEnoughIsSharedFromThenOn) {
  groups(counted()).save(model(2), 1);
  fl::GroupOwners more = counted();
  more.owners["stem.pet"] = 3;
  const SiteGroups own = groups(more);
  EXPECT_EQ(own.put_into(model(5), 1), model(5));
  own.save(model(6), 2);
  EXPECT_EQ(with_owned_groups(model(7), folder.path(), 2), model(7)) << "the old one is not taken up again";
}

TEST_F(SiteGroupsTest, AnotherModelsGroupsAreRefused) {
  groups(counted()).save(model(2), 1);
  ModelState other = model(1);
  other.tensors[2] = {"pet.w", "stem.pet", {2}, {1, 1}};
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kMismatch, [&] { with_owned_groups(other, folder.path(), 1); }), HasSubstr("owned_after_1.safetensors"));
}

TEST(GroupCases, CountWhoHasTheModality) {
  TrainingSettings settings;
  settings.model.in_channels = 3;
  settings.model.multimodal.modalities = {{"CT", 1}, {"MR", 2}};
  std::vector<models::TrainingCase> samples(3);
  for (models::TrainingCase& sample : samples) sample.channels = 3;
  samples[1].present = {true, false, false};
  samples[2].present = {true, false, false};
  const auto cases = cases_of_groups({}, settings, samples);
  EXPECT_EQ(cases.at("stem.CT"), 3);
  EXPECT_EQ(cases.at("stem.MR"), 1);
  EXPECT_EQ(cases.at("trunk"), 3);
  EXPECT_THAT(cases_of_groups({{{"e", "stem.mr", {1}, {0}}}}, TrainingSettings{}, samples), ElementsAre(Pair("stem.mr", 3))) << "a network without modalities";
}

}  // namespace
}  // namespace consilium::pipelines
