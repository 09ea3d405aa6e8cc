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

}  // namespace
}  // namespace consilium
