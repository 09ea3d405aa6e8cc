#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fl/encrypt/encrypted_federation.h"

// Groups that not every site owns, in encrypted rounds.
namespace consilium::fl {
namespace {

using test::EncryptedFederation;
using testing::HasSubstr;

/// Four sites, of which the second and third own CT.
struct CountedFederation : EncryptedFederation {
  explicit CountedFederation(std::int64_t least_owners) : EncryptedFederation(4) {
    plan.protection.groups = GroupOwners{.least_owners = least_owners, .sites = 4, .owners = {{"stem.ct", 2}}};
    open_round();
  }
};

TEST(EncryptedOwners, AGroupOfEnoughOwnersIsInTheSumAndCounted) {
  CountedFederation federation(2);
  const auto sum = federation.run();
  test::expect_mean(federation, sum, federation.names);
  EXPECT_EQ(sum->metrics.at("owners.stem.ct"), 2);
}

TEST(EncryptedOwners, AGroupOfTooFewIsCountedAndNotInTheSum) {
  CountedFederation federation(3);
  const auto sum = federation.run();
  ASSERT_TRUE(sum);
  EXPECT_FALSE(sum->mean.cases_per_group.contains("stem.ct"));
  EXPECT_EQ(sum->mean.delta.tensors.size(), 2U);
  EXPECT_EQ(sum->metrics.at("owners.stem.ct"), 2);
  EXPECT_EQ(sum->metrics.at("cases.stem.ct"), 0) << "nor does the sum tell how many cases they have";
}

TEST(EncryptedOwners, ASiteThatIsMissingMayHaveBeenAnOwner) {
  CountedFederation federation(2);
  federation.running.erase("site_00");  // owns no CT, which nobody knows
  federation.turn();
  federation.round->begin(federation.now);
  std::optional<ProtectedSum> sum;
  for (int turn = 0; turn < 4 && !sum; ++turn) {
    federation.turn();
    federation.round->advance(federation.now);
    sum = federation.round->take_sum();
  }
  ASSERT_TRUE(sum);
  EXPECT_EQ(sum->contributors.size(), 3U);
  EXPECT_FALSE(sum->mean.cases_per_group.contains("stem.ct"));
}

TEST(EncryptedOwners, APlanThatTellsOfFewerSitesThanThereAreIsRefused) {
  CountedFederation federation(2);
  federation.plan.protection.groups->sites = 3;
  federation.open_round();
  EXPECT_FALSE(federation.run(4));
  EXPECT_THAT(federation.declined.at("site_01"), HasSubstr("more sites than the plan says"));
}

/// The coordinator holds ciphertexts of one length, and in each step as many bytes of one site as of another.
TEST(EncryptedOwners, ASiteThatLacksAGroupSaysEverythingInAsManyBytes) {
  CountedFederation federation(2);
  std::map<std::uint32_t, std::map<std::string, std::pair<std::size_t, std::uintmax_t>>> said;
  federation.updates["site_00"].delta.tensors.erase(federation.updates["site_00"].delta.tensors.begin());  // it does not even have zeros
  federation.change_answer = [&](const std::string& site, StageAnswer& answer) { said[answer.step][site] = {answer.body.size(), answer.file.empty() ? 0 : fs::file_size(answer.file)}; };
  ASSERT_TRUE(federation.run());
  ASSERT_EQ(said.size(), 4U);
  for (const auto& [step, by_site] : said) {
    EXPECT_EQ(by_site.at("site_00").second, by_site.at("site_01").second) << "step " << step;
    EXPECT_NEAR(static_cast<double>(by_site.at("site_00").first), static_cast<double>(by_site.at("site_01").first), 4) << "a signature's DER may be a byte longer or shorter; step " << step;
  }
  EXPECT_GT(said.at(kEncrypt).at("site_00").second, 0U);
}

/// Nor do the bytes themselves: a stem of zeros is encrypted to something that looks like any other.
TEST(EncryptedOwners, NoPartOfAnEncryptedUpdateShowsThatItIsZero) {
  CountedFederation federation(2);
  std::string of_none;
  federation.change_answer = [&](const std::string& site, StageAnswer& answer) {
    if (site == "site_00" && !answer.file.empty()) of_none = read_file(answer.file);
  };
  for (NamedTensor& tensor : federation.updates["site_00"].delta.tensors) tensor.values.assign(tensor.values.size(), 0.0F);
  ASSERT_TRUE(federation.run());
  ASSERT_GT(of_none.size(), 40000U);
  std::array<std::size_t, 256> counts{};
  for (const char byte : of_none) ++counts[static_cast<unsigned char>(byte)];
  const double expected = static_cast<double>(of_none.size()) / 256;
  EXPECT_LT(static_cast<double>(*std::max_element(counts.begin(), counts.end())), 1.5 * expected) << "zeros would stand out by far";
}

}  // namespace
}  // namespace consilium::fl
