#include "base/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace consilium {
namespace {

TEST(Settings, KeepsTheDefaultOfAnAbsentKey) {
  int steps = 7;
  const Json json = parse_json("{}", "test");
  SettingsReader reader(json, "train");
  reader.field("steps", steps);
  reader.finish();
  EXPECT_EQ(steps, 7);
}

TEST(Settings, RefusesAnUnknownKeyAndNamesTheNearest) {
  int steps = 7;
  const Json json = parse_json(R"({"stpes": 3})", "test");
  SettingsReader reader(json, "train");
  reader.field("steps", steps);
  try {
    reader.finish();
    FAIL() << "an unknown key was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    EXPECT_THAT(error.what(), testing::HasSubstr("did you mean \"steps\"?"));
  }
}

TEST(Settings, NamesTheKeyWhoseTypeIsWrong) {
  int steps = 7;
  const Json json = parse_json(R"({"steps": "many"})", "test");
  SettingsReader reader(json, "train");
  try {
    reader.field("steps", steps);
    FAIL() << "a string was accepted as a number";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("train.steps"));
  }
}

TEST(Settings, DamagedJsonIsAUsageErrorThatNamesTheOrigin) {
  try {
    parse_json("{\"a\": ", "plan.json");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    EXPECT_THAT(error.what(), testing::HasSubstr("plan.json"));
  }
}

template <typename T>
std::string refusal(const std::string& text) {
  try {
    T target{};
    const Json json = parse_json("{\"key\": " + text + "}", "test");
    SettingsReader(json, "train").field("key", target);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    return error.what();
  }
  return "";
}

TEST(Settings, TakesNumbersOnlyAsTheyAreMeant) {
  EXPECT_THAT(refusal<int>("2.7"), testing::HasSubstr("train.key: expected a whole number from -2147483648 to 2147483647, found 2.7"));
  EXPECT_THAT(refusal<int>("4294967297"), testing::HasSubstr("found 4294967297"));
  EXPECT_THAT(refusal<std::uint64_t>("-1"), testing::HasSubstr("found -1"));
  EXPECT_THAT(refusal<int>("true"), testing::HasSubstr("found true"));
  EXPECT_THAT(refusal<double>("true"), testing::HasSubstr("expected a number, found true"));
  EXPECT_THAT(refusal<bool>("1"), testing::HasSubstr("expected true or false, found 1"));
  EXPECT_THAT(refusal<int>("1e300"), testing::HasSubstr("expected a whole number"));
  EXPECT_THAT(refusal<double>("1e999"), testing::HasSubstr("not valid JSON"));
  EXPECT_EQ(refusal<double>("3"), "");
  EXPECT_EQ(refusal<std::uint64_t>("18446744073709551615"), "");
}

TEST(Settings, TakesListsOnlyOfTheRightLengthAndNamesTheEntry) {
  EXPECT_THAT((refusal<std::array<double, 3>>("[1, 2, 3, 4]")), testing::HasSubstr("expected a list of 3, found a list of 4"));
  EXPECT_THAT((refusal<std::array<double, 3>>("[1, 2]")), testing::HasSubstr("found a list of 2"));
  EXPECT_THAT((refusal<std::vector<int>>("[1, null]")), testing::HasSubstr("train.key[1]: expected a whole number"));
  EXPECT_THAT((refusal<std::vector<std::string>>("\"word\"")), testing::HasSubstr("expected a list, found string"));
  EXPECT_THAT((refusal<std::map<std::string, std::string>>("{\"a\": 1}")), testing::HasSubstr("train.key.a: expected text, found 1"));
}

std::string parse_refusal(const std::string& text) {
  try {
    parse_json(text, "plan.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Settings, RefusesAKeyThatOccursTwice) {
  EXPECT_THAT(parse_refusal(R"({"a": 1, "b": {"a": 2, "a": 3}})"), testing::HasSubstr("plan.json: the key \"a\" occurs twice"));
  EXPECT_EQ(parse_refusal(R"({"a": [{"a": 1}, {"a": 2}], "b": {"a": 2}})"), "");
}

TEST(Settings, RefusesNestingThatCopyingWouldNotSurvive) {
  EXPECT_THAT(parse_refusal(std::string(1000000, '[')), testing::HasSubstr("nested deeper than 64"));
  EXPECT_THAT(parse_refusal(std::string(65, '[') + std::string(65, ']')), testing::HasSubstr("nested deeper than 64"));
  EXPECT_EQ(parse_refusal(std::string(64, '[') + std::string(64, ']')), "");
}

TEST(NearestWord, IsTheOneThatWasMistypedOrLeftUnfinished) {
  const std::vector<std::string> known{"rounds", "deadline_seconds", "folds", "folder"};
  EXPECT_EQ(nearest_word("ronuds", known), "rounds");
  EXPECT_EQ(nearest_word("deadline", known), "deadline_seconds");
  EXPECT_EQ(nearest_word("fold", known), "folds");
  EXPECT_EQ(nearest_word("colour", known), "folder");  // three letters of six
  EXPECT_EQ(nearest_word("xyzxyz", known), "");
}

}  // namespace
}  // namespace consilium
