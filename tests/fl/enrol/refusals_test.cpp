#include "fl/enrol/refusals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "fl/enrol/rate_limit.h"

namespace consilium::fl {
namespace {

class RefusalList : public testing::Test {
 protected:
  Refusals make() {
    return Refusals(file(), [this] { return now; });
  }
  fs::path file() const { return folder.path() / "refused.json"; }
  TemporaryFolder folder;
  std::int64_t now = 1800000000;
};

TEST_F(RefusalList, StrangersDoNotMakeItGrowAndDoNotDriveOutMembers) {
  Refusals list(file(), [this] { return now; });
  list.add("east", "revoked", true);
  for (int n = 0; n < 5000; ++n) {
    now += n % 500 == 0 ? 1 : 0;
    list.add("stranger " + std::to_string(n), std::string(100000, 'x'), false);
  }
  ++now;
  list.flush();
  const Json json = list.to_json();
  EXPECT_EQ(json["refused"].size(), Refusals::kMostEntries);
  EXPECT_EQ(json["refused"][0]["who"], "east");
  EXPECT_EQ(json["dropped"], 5001 - static_cast<int>(Refusals::kMostEntries));
  EXPECT_LT(fs::file_size(file()), 200000U);
}

TEST_F(RefusalList, AListFullOfMembersTakesNoStranger) {
  Refusals list(file(), [this] { return now; });
  for (std::size_t n = 0; n < Refusals::kMostEntries; ++n) list.add("site_" + std::to_string(n), "revoked", true);
  list.add("stranger", "unknown", false);
  EXPECT_EQ(list.to_json()["dropped"], 1);
  list.add("one more", "revoked", true);
  EXPECT_EQ(list.to_json()["refused"].back()["who"], "one more");
}

TEST_F(RefusalList, WhatAStrangerCallsItselfIsMadePrintable) {
  Refusals list(file(), [this] { return now; });
  list.add("\x1b[2Jevil\xff", "line\nbreak", false);
  EXPECT_EQ(list.to_json()["refused"][0]["who"], "?[2Jevil?");
  EXPECT_EQ(list.to_json()["refused"][0]["why"], "line?break");
}

TEST_F(RefusalList, TheFileIsWrittenAtMostOnceASecond) {
  Refusals list(file(), [this] { return now; });
  list.add("east", "revoked", true);
  list.add("east", "revoked", true);
  list.flush();
  EXPECT_EQ(read_json(file())["refused"][0]["count"], 1);
  ++now;
  list.flush();
  EXPECT_EQ(read_json(file())["refused"][0]["count"], 2);
}

TEST_F(RefusalList, ADamagedFileIsBegunAnewAndAFolderThatIsGoneStopsNobody) {
  write_file(file(), "{\"schema\": 7}");
  Refusals list(file(), [this] { return now; });
  EXPECT_TRUE(list.to_json()["refused"].empty());
  Refusals nowhere("/proc/no/such/refused.json", [this] { return now; });
  EXPECT_NO_THROW(nowhere.add("east", "revoked", true));
}

TEST(RateLimit, ACallerHasABurstAndThenASlowTrickle) {
  RateLimit limit({.per_caller_second = 1, .per_caller_burst = 3});
  for (int n = 0; n < 3; ++n) EXPECT_TRUE(limit.allow("a", 100));
  EXPECT_FALSE(limit.allow("a", 100.5));
  EXPECT_TRUE(limit.allow("b", 100.5)) << "another caller is not held up";
  EXPECT_TRUE(limit.allow("a", 101.6));
  EXPECT_FALSE(limit.allow("a", 101.7));
}

TEST(RateLimit, AllTogetherAreLimitedAndOnlySomeAreRemembered) {
  RateLimit limit({.all_second = 1, .all_burst = 50, .most_callers = 20});
  int allowed = 0;
  for (int n = 0; n < 1000; ++n) allowed += limit.allow("caller " + std::to_string(n), 100) ? 1 : 0;
  EXPECT_EQ(allowed, 50);
}

}  // namespace
}  // namespace consilium::fl
