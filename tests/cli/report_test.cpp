#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/program.h"
#include "tests/support/tiny_run.h"

namespace consilium {
namespace {

using test::consilium_program;
using test::run_program;
using testing::HasSubstr;

TEST(CliReport, WritesThePageAndSaysTheAnswer) {
  const TemporaryFolder folder;
  test::write_tiny_run(folder.path() / "run");
  const std::string page = (folder.path() / "page.html").string();
  const auto result = run_program({consilium_program(), "report", (folder.path() / "run").string(), "-o", page});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("Federation helped. On a site's own test cases"));
  EXPECT_THAT(read_file(page), testing::StartsWith("<!DOCTYPE html>"));
}

TEST(CliReport, JsonHoldsTheNumbersBehindTheAnswer) {
  const TemporaryFolder folder;
  const auto results = test::write_tiny_run(folder.path() / "run");
  fs::remove_all(folder.path() / "run" / "images" / "north");
  const auto result =
      run_program({consilium_program(), "report", (folder.path() / "run").string(), "-o", (folder.path() / "page.html").string(),
                   "--pictures", (folder.path() / "pictures").string(), "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  const Json json = parse_json(result.out, "output");
  EXPECT_EQ(json["sites"].size(), 3U);
  EXPECT_NEAR(json["sites"][1]["federated_dice"], mean_score(results, "federated", "south", "").dice, 1e-9);
  EXPECT_EQ(json["own"]["cases"], 12);
  EXPECT_EQ(json["comparisons"].size(), 4U);
  EXPECT_FALSE(json["warnings"].empty()) << "the pictures of one site are gone";
  EXPECT_THAT(result.err, HasSubstr("north"));
  for (const Json& file : json["files"]) EXPECT_TRUE(fs::exists(file.get<std::string>())) << file;
}

TEST(CliReport, AFolderWithoutResultsIsNotFound) {
  const TemporaryFolder folder;
  const auto result =
      run_program({consilium_program(), "report", folder.path().string(), "-o", (folder.path() / "p.html").string()});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, HasSubstr("results.json"));
}

}  // namespace
}  // namespace consilium
