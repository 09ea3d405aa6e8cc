#include "imaging/deidentify/pseudonyms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/files.h"
#include "imaging/deidentify/dates.h"
#include "tests/support/refusal.h"

namespace consilium::imaging {
namespace {

const std::string kSecret = "a secret of more than sixteen bytes";

TEST(Pseudonyms, BelongToTheKey) {
  const Pseudonyms one(kSecret), same(kSecret), other(kSecret + "!");
  EXPECT_EQ(one.uid("1.2.3"), same.uid("1.2.3"));
  EXPECT_NE(one.uid("1.2.3"), other.uid("1.2.3"));
  EXPECT_NE(one.uid("1.2.3"), one.uid("1.2.4"));
  EXPECT_NE(one.patient("PID"), other.patient("PID"));
  EXPECT_EQ(one.days_back("PID"), same.days_back("PID"));
}

TEST(Pseudonyms, AreWhatTheyWereInThePastVersion) {  // other values would tear studies apart that grow over years
  const Pseudonyms pseudonyms(kSecret);
  EXPECT_EQ(pseudonyms.uid("1.2.3"), "2.25.8829231508286049905663976816839231266");
  EXPECT_EQ(pseudonyms.patient("PID0815"), "P-21b3d59855f29a50");
  EXPECT_EQ(pseudonyms.days_back("PID0815"), 3151);
}

TEST(Pseudonyms, DoNotMindPaddingAndKeepUidsOfTheStandard) {
  const Pseudonyms pseudonyms(kSecret);
  EXPECT_EQ(pseudonyms.uid(std::string("1.2.3\0", 6)), pseudonyms.uid("1.2.3"));
  EXPECT_EQ(pseudonyms.patient("PID "), pseudonyms.patient("PID"));
  EXPECT_EQ(pseudonyms.uid("1.2.840.10008.1.2"), "1.2.840.10008.1.2");
  EXPECT_EQ(pseudonyms.uid(""), "");
}

TEST(Pseudonyms, AreValidUidsAndDays) {
  const Pseudonyms pseudonyms(kSecret);
  for (int n = 0; n < 1000; ++n) {
    const std::string uid = pseudonyms.uid("1.2." + std::to_string(n));
    EXPECT_LE(uid.size(), 64U);
    EXPECT_TRUE(uid.starts_with("2.25.") && uid[5] != '0') << uid;
    const int days = pseudonyms.days_back(std::to_string(n));
    EXPECT_TRUE(days >= 1 && days <= 3650) << days;
  }
}

TEST(Pseudonyms, KeyFileIsMadeOnceForItsOwner) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "keys" / "study.key";
  make_pseudonym_key(file);
  struct stat status {};
  ASSERT_EQ(stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_FALSE(is_readable_by_others(file));
  EXPECT_EQ(read_file(file).size(), 65U);
  EXPECT_THAT(test::refusal(ErrorCode::kCannotWrite, [&] { make_pseudonym_key(file); }), testing::HasSubstr("a key is not replaced"));
  const Pseudonyms first = read_pseudonym_key(file);
  make_pseudonym_key(folder.path() / "other.key");
  EXPECT_NE(first.uid("1.2"), read_pseudonym_key(folder.path() / "other.key").uid("1.2"));
  chmod(file.c_str(), 0644);
  EXPECT_TRUE(is_readable_by_others(file));
}

TEST(Pseudonyms, RefuseAShortKeyAndDoNotMindItsLineEnd) {
  const TemporaryFolder folder;
  write_file(folder.path() / "short", "too short\n");
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { read_pseudonym_key(folder.path() / "short"); }), testing::HasSubstr("fewer than 16 bytes"));
  write_file(folder.path() / "key", kSecret + "\r\n");
  EXPECT_EQ(read_pseudonym_key(folder.path() / "key").uid("1.2"), Pseudonyms(kSecret).uid("1.2"));
}

TEST(EarlierDate, CountsWholeDays) {
  EXPECT_EQ(earlier_date("20200301", 1), "20200229");
  EXPECT_EQ(earlier_date("1985.03.01", 1), "19850228");
  EXPECT_EQ(earlier_date("20200230", 1), std::nullopt);
  EXPECT_EQ(earlier_date("2020", 1), std::nullopt);
  EXPECT_EQ(earlier_date("20200101-20200201", 1), std::nullopt);
  EXPECT_EQ(earlier_date_time("20200301", 1), "20200229");
  EXPECT_EQ(earlier_date_time("20200301101112.25-0500", 1), "20200229101112.25-0500");
  EXPECT_EQ(earlier_date_time("202003", 1), "202002");
  EXPECT_EQ(earlier_date_time("2020", 366), "2018");
  EXPECT_EQ(earlier_date_time("yesterday", 1), std::nullopt);
}

}  // namespace
}  // namespace consilium::imaging
