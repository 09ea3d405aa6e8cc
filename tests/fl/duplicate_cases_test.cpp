#include "fl/duplicate_cases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "fl/coordinator.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

using consilium::test::refusal;
using testing::HasSubstr;

/// The figure: Python, hmac.new(b"k" * 32, sha256(b"image").digest(), sha256).digest()[:16].
TEST(DuplicateCases, ADigestIsAKeyedHash) {
  EXPECT_EQ(to_hexadecimal(case_digest(std::string(32, 'k'), "image")), "92a96e82e1b4f8a8848160684dfb5a4f");
  EXPECT_NE(case_digest(std::string(32, 'k'), "image"), case_digest(std::string(32, 'l'), "image"));
  EXPECT_NE(case_digest(std::string(32, 'k'), "image"), case_digest(std::string(32, 'k'), "imagf"));
}

TEST(DuplicateCases, AreCountedBetweenSitesAndNotWithinOne) {
  const auto update = [](const std::string& site, const std::vector<std::string>& digests) {
    Update u;
    u.site = site;
    u.case_digests = digests;
    return u;
  };
  const auto shared = shared_cases(std::vector{update("a", {"1", "2", "3", "3"}), update("b", {"2", "3", "4"}), update("c", {"5"}), update("silent", {})});
  EXPECT_EQ(shared, (std::map<std::string, std::int64_t>{{"a", 2}, {"b", 2}, {"c", 0}}));
}

TEST(DuplicateCases, AreInTheRoundsReportOfThoseWhoSentDigests) {
  const ModelState model{{{"w", "trunk", {1}, {0}}}};
  Coordinator c({.sites = {"a", "b", "c"}, .rounds = 1, .quorum = 3}, model, 0);
  for (const char* site : {"a", "b", "c"}) {
    Update u{.site = site, .round = 0, .base_digest = c.plan().base_digest, .delta = {{{"w", "trunk", {1}, {1}}}}, .cases_per_group = {{"trunk", 2}}};
    if (*site != 'c') u.case_digests = {std::string(16, 'x'), std::string(16, *site)};
    ASSERT_EQ(c.receive(site, u).kind, ReceiptKind::kAccepted);
  }
  const RoundReport report = *c.advance(1);
  EXPECT_EQ(report.sites.at(0).metrics.at("shared_cases"), 1);
  EXPECT_EQ(report.sites.at(1).metrics.at("shared_cases"), 1);
  EXPECT_FALSE(report.sites.at(2).metrics.contains("shared_cases"));
}

TEST(DuplicateCases, AKeyThatCanBeGuessedIsRefused) {
  const TemporaryFolder folder;
  write_file(folder.path() / "key", "hospital2024");
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { read_case_key(folder.path() / "key"); }), HasSubstr("can be guessed"));
}

}  // namespace
}  // namespace consilium::fl
