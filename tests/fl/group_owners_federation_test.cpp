#include <gtest/gtest.h>

#include <future>

#include "tests/fl/federation_fixture.h"
#include "tests/fl/modality_sites.h"

// Groups that too few sites own, over mutual TLS: the same bytes as in one process, where every figure is checked against what it should be (group_owners_test.cpp).
namespace consilium::fl {
namespace {

using test::ModalitySites;
using test::ModalityTrainer;

class GroupOwnersFederation : public test::Federation, public testing::WithParamInterface<const char*> {
 protected:
  FederationSettings settings(const ModalitySites& sites) const {
    FederationSettings settings = sites.settings(2);
    settings.deadline_seconds = 60;
    settings.protection.groups = GroupOwners{.least_owners = 3};
    if (protection() == "secure aggregation") settings.protection.secure_aggregation.emplace();
    if (protection() == "encryption") settings.protection.encryption.emplace();
    return settings;
  }
  static std::string protection() { return GetParam(); }
};

TEST_P(GroupOwnersFederation, EndsInTheSameBytesAndTellsTheSamePlansAsOneProcess) {
  ModalitySites alone, sites;
  const TemporaryFolder plain;
  const FinishedRun expected = alone.run(settings(alone), plain.path());
  for (const ModalityTrainer& trainer : sites.trainers) issue_certificate(keys(), trainer.site());
  auto hub = std::async(std::launch::async, [&] {
    return run_coordinator({.listen = "localhost:0", .name = "hub", .tls = tls_files(keys(), "hub"), .folder = folder.path() / "hub", .linger_seconds = 5}, settings(sites), test::stems_and_trunk());
  });
  std::vector<std::future<ModelState>> joined;
  for (ModalityTrainer& trainer : sites.trainers) joined.push_back(join(trainer.site(), trainer));
  const RunState state = hub.get();
  EXPECT_EQ(state.global, expected.state.global);
  for (auto& site : joined) EXPECT_EQ(site.get(), expected.best);
  ASSERT_EQ(state.reports.size(), expected.state.reports.size());
  for (std::size_t n = 0; n < state.reports.size(); ++n) EXPECT_EQ(state.reports[n].sums, expected.state.reports[n].sums) << "round " << n;
  for (std::size_t site = 0; site < sites.trainers.size(); ++site) {
    const auto &told = sites.trainers[site].plans, &meant = alone.trainers[site].plans;
    ASSERT_EQ(told.size(), meant.size());
    for (std::size_t n = 0; n < told.size(); ++n) EXPECT_EQ(told[n].protection.groups, meant[n].protection.groups) << sites.trainers[site].site() << ", round " << n;
  }
}

INSTANTIATE_TEST_SUITE_P(Protections, GroupOwnersFederation, testing::Values("none", "secure aggregation", "encryption"), [](const auto& one) { return std::string(one.param).substr(0, std::string(one.param).find(' ')); });

}  // namespace
}  // namespace consilium::fl
