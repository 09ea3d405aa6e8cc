#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/files.h"
#include "base/settings.h"
#include "tests/support/program.h"

namespace consilium {
namespace {

using testing::HasSubstr;
using Words = std::vector<std::string>;

class PhantomVerb : public testing::Test {
 protected:
  static Words command(const std::string& profile, const fs::path& output, const Words& more = {}) {
    Words words{test::consilium_program(),
                "phantom",
                "--profiles",
                std::string(CONSILIUM_SOURCE_DIR) + "/sample_data/profiles/" + profile,
                "-o",
                output.string(),
                "--cases",
                "1",
                "--held-out",
                "0",
                "--scale",
                "2.5",
                "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  /// The same with files of at most `kilobytes`: as on a full disk, writing fails midway.
  static test::Outcome run_with_little_room(int kilobytes, const Words& words) {
    Words limited{"/bin/bash", "-c", "ulimit -f " + std::to_string(kilobytes) + "; trap '' XFSZ; exec \"$@\"", "bash"};
    limited.insert(limited.end(), words.begin(), words.end());
    return test::run_program(limited);
  }
  const TemporaryFolder folder_;
};

TEST_F(PhantomVerb, JsonIsTheManifestThatItWrites) {
  const test::Outcome outcome = test::run_program(command("site_b.json", folder_.path() / "out", {"--json", "--seed", "4"}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json printed = parse_json(outcome.out, "stdout");
  EXPECT_EQ(printed, read_json(folder_.path() / "out/phantom.json"));
  EXPECT_EQ(printed["request"]["seed"], 4);
  EXPECT_EQ(printed["sites"][0]["delivery"], "nifti_brats");
  EXPECT_EQ(printed["sites"][0]["cases"][0]["case"], "site_b-0001");
}

TEST_F(PhantomVerb, DeliveryReplacesThatOfTheProfile) {
  const test::Outcome outcome = test::run_program(command("site_b.json", folder_.path() / "out", {"--delivery", "dicom"}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("1 to train, 0 to test"));
  EXPECT_THAT(outcome.out, HasSubstr("as dicom in"));
  EXPECT_TRUE(fs::exists(folder_.path() / "out/site_b/train/site_b-0001/dicom/2_T1ce/0001.dcm"));
}

TEST_F(PhantomVerb, MistakesAreNamedWithTheirExitCode) {
  const auto outcome = [&](const std::string& profile, const Words& more) {
    return test::run_program(command(profile, folder_.path() / "out", more));
  };
  EXPECT_EQ(outcome("nobody.json", {}).code, 3);
  EXPECT_THAT(outcome("nobody.json", {}).err, HasSubstr("nobody.json: no such file or folder"));
  EXPECT_EQ(outcome("site_b.json", {"--delivery", "nifti_bid"}).code, 2);
  EXPECT_THAT(outcome("site_b.json", {"--delivery", "nifti_bid"}).err, HasSubstr("did you mean \"nifti_bids\"?"));
  EXPECT_EQ(outcome("site_b.json", {"--seed", "many"}).code, 2);
  write_file(folder_.path() / "typo.json", R"({"name": "x", "protocoll": []})");
  const test::Outcome typo =
      test::run_program({test::consilium_program(), "phantom", "--profiles", (folder_.path() / "typo.json").string(), "-o",
                         (folder_.path() / "out").string()});
  EXPECT_EQ(typo.code, 2);
  EXPECT_THAT(typo.err, HasSubstr("typo.json: \"protocol\" is missing"));
  EXPECT_FALSE(fs::exists(folder_.path() / "out"));
}

TEST_F(PhantomVerb, FullDiskLeavesNoHalfImageAndNoManifest) {
  for (const auto& [profile, kilobytes] : {std::pair<std::string, int>{"site_b.json", 3}, {"site_a.json", 2}}) {
    const fs::path output = folder_.path() / profile;
    const test::Outcome outcome = run_with_little_room(kilobytes, command(profile, output));
    EXPECT_EQ(outcome.code, 7) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("cannot write"));
    EXPECT_THAT(outcome.err, HasSubstr("File too large"));
    for (const auto& entry : fs::recursive_directory_iterator(output)) EXPECT_FALSE(entry.is_regular_file()) << entry.path();
  }
}

}  // namespace
}  // namespace consilium
