#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/settings.h"
#include "imaging/nifti/nifti.h"
#include "tests/support/program.h"

namespace consilium {
namespace {

using test::consilium_program;
using test::run_program;
using testing::HasSubstr;

const std::vector<std::string> kVerbs{"inspect", "convert", "evaluate", "report"};

LabelMap cube(std::size_t low) {
  LabelMap labels{{{16, 16, 16}, {1, 1, 2}, {0, 0, 0}, kIdentity3}, std::vector<Label>(4096, 0)};
  for (std::size_t k = 4; k < 8; ++k)
    for (std::size_t j = 4; j < 8; ++j)
      for (std::size_t i = low; i < low + 4; ++i) labels.labels[offset_of(labels.geometry.size, i, j, k)] = 1;
  return labels;
}

TEST(Cli, EveryVerbHasHelpWithAnExample) {
  const auto front = run_program({consilium_program(), "--help"});
  EXPECT_EQ(front.code, 0);
  for (const std::string& verb : kVerbs) {
    EXPECT_THAT(front.out, HasSubstr(verb));
    const auto help = run_program({consilium_program(), verb, "--help"});
    EXPECT_EQ(help.code, 0) << verb;
    EXPECT_THAT(help.out, HasSubstr("Example:\n  consilium " + verb)) << verb;
  }
}

TEST(Cli, AnUnknownVerbOrOptionIsAUsageErrorThatHelps) {
  const auto verb = run_program({consilium_program(), "evalute"});
  EXPECT_EQ(verb.code, 2);
  EXPECT_THAT(verb.err, HasSubstr("did you mean \"evaluate\""));
  for (const std::string& name : kVerbs) {
    const auto option = run_program({consilium_program(), name, "--no-such-option"});
    EXPECT_EQ(option.code, 2) << name;
    EXPECT_THAT(option.err, HasSubstr("consilium " + name + " --help")) << name;
  }
}

/// Time of the processor: it waits for nothing, and what else the machine does must not count. The smallest of seven, for the caches.
TEST(Cli, HelpStartsInLessThanSixtyMilliseconds) {
  for (const char* verb : {"inspect", "convert"}) {
    double seconds = 1;
    for (int n = 0; n < 7; ++n) seconds = std::min(seconds, run_program({consilium_program(), verb, "--help"}).cpu_seconds);
    EXPECT_LT(seconds, 0.060) << verb;
  }
}

TEST(Cli, MissingAndDamagedFilesHaveTheirExitCodes) {
  const TemporaryFolder folder;
  const auto missing = run_program({consilium_program(), "inspect", "--json", (folder.path() / "none.nii").string()});
  EXPECT_EQ(missing.code, 3);
  EXPECT_THAT(missing.err, HasSubstr("none.nii"));
  EXPECT_EQ(parse_json(missing.out, "output")["files"][0]["error"]["code"], 3);
  write_file(folder.path() / "bad.nii", "not an image");
  EXPECT_EQ(run_program({consilium_program(), "inspect", (folder.path() / "bad.nii").string()}).code, 4);
}

TEST(Cli, ConvertTurnsAnImageAndDoesNotOverwriteUnasked) {
  const TemporaryFolder folder;
  imaging::write_nifti(folder.path() / "scan.nii", cube(4));
  const std::vector<std::string> command{consilium_program(), "convert", (folder.path() / "scan.nii").string(), "-o", (folder.path() / "out").string(), "--orient", "RAS", "--json"};
  const auto first = run_program(command);
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(parse_json(first.out, "output")["files"].size(), 1U);
  EXPECT_EQ(imaging::inspect_nifti(folder.path() / "out" / "scan.nii.gz").orientation, "RAS");
  const auto again = run_program(command);
  EXPECT_EQ(again.code, 7);
  EXPECT_THAT(again.err, HasSubstr("--overwrite"));
}

TEST(Cli, EvaluatePrintsWhatACubeShiftedByOneVoxelScores) {
  const TemporaryFolder folder;
  imaging::write_nifti(folder.path() / "reference" / "a.nii.gz", cube(4));
  imaging::write_nifti(folder.path() / "prediction" / "a.nii.gz", cube(5));
  imaging::write_nifti(folder.path() / "reference" / "alone.nii.gz", cube(4));
  const auto result = run_program({consilium_program(), "evaluate", "--reference", (folder.path() / "reference").string(), "--prediction", (folder.path() / "prediction").string(), "--scheme", "binary",
                                   "--json", "-", "--csv", (folder.path() / "scores.csv").string()});
  EXPECT_EQ(result.code, 8) << "one case has no prediction";
  const Json json = parse_json(result.out, "output");
  const Json& region = json["cases"][0]["regions"][0];
  EXPECT_DOUBLE_EQ(region["dice"], 0.75);  // 3 of 4 columns shared
  EXPECT_DOUBLE_EQ(region["hd95_mm"], 1);
  EXPECT_DOUBLE_EQ(region["reference_ml"], 0.128);
  EXPECT_EQ(json["failures"][0]["case"], "alone");
  EXPECT_THAT(read_file(folder.path() / "scores.csv"), HasSubstr("\"a\",lesion,0.750000,1.0000,0.1280,0.1280"));
}

}  // namespace
}  // namespace consilium
