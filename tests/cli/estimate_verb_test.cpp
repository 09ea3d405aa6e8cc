#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/settings.h"
#include "tests/support/program.h"

namespace consilium {
namespace {

using test::consilium_program;
using test::run_program;
using testing::HasSubstr;

const std::string kHospitals = std::string(CONSILIUM_SOURCE_DIR) + "/sample_data/hospitals.json";

TEST(EstimateVerb, AnswersWhatTheSampleCosts) {
  const TemporaryFolder folder;
  const std::string run = (folder.path() / "run").string();
  const auto text = run_program({consilium_program(), "estimate", kHospitals, "--sites", "8", "-o", run});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("8 sites, 20 rounds"));
  EXPECT_THAT(text.out, HasSubstr("hours"));
  const auto json = run_program({consilium_program(), "estimate", kHospitals, "--sites", "8", "-o", run, "--json", "--quiet"});
  EXPECT_EQ(json.code, 0) << json.err;
  EXPECT_EQ(json.err, "");
  EXPECT_EQ(json.out, read_file(fs::path(run) / "estimate.json"));
  EXPECT_EQ(parse_json(json.out, "output").at("settings").at("sites"), 8);
}

TEST(EstimateVerb, HelpsAndRefusesAsOtherVerbsDo) {
  const auto help = run_program({consilium_program(), "estimate", "--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.out, HasSubstr("Example:\n  consilium estimate"));
  const TemporaryFolder folder;
  const auto refused = run_program({consilium_program(), "estimate", kHospitals, "--sites", "0", "-o", (folder.path() / "run").string()});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("hospitals.json.sites"));
  EXPECT_FALSE(fs::exists(folder.path() / "run"));
}

}  // namespace
}  // namespace consilium
