#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/settings.h"
#include "pipelines/coordinate.h"
#include "tests/packages/verbs.h"

namespace consilium {
namespace {

using test::run_program;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const fs::path kSource = CONSILIUM_SOURCE_DIR;

/// Where `cmake --install` puts a component, or everything.
class Installed : public testing::Test {
 protected:
  std::string install(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{"/usr/bin/cmake", "--install", CONSILIUM_BINARY_DIR, "--prefix", folder.path().string()};
    words.insert(words.end(), more.begin(), more.end());
    const test::Outcome outcome = run_program(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return (folder.path() / "bin/consilium").string();
  }
  TemporaryFolder folder;
};

TEST_F(Installed, TheFrontFindsTheProgramOfEveryVerb) {
  const std::string program = install();
  for (const std::string& verb : test::verbs_of(test::consilium_program())) {
    // Built without LibTorch, some have no program at all.
    if (run_program({test::consilium_program(), verb, "--help"}).code != 0) continue;
    EXPECT_EQ(run_program({program, verb, "--help"}).code, 0) << verb;
  }
}

TEST_F(Installed, TheCoordinatorAloneHasItsVerbsAndSaysWhereTheOthersAre) {
  const std::string program = install({"--component", "coordinator"});
  for (const std::string verb : {"keys", "coordinate", "estimate", "weights"}) EXPECT_EQ(run_program({program, verb, "--help"}).code, 0) << verb;
  const test::Outcome outcome = run_program({program, "join", "--help"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("package consilium has the rest"));
}

TEST_F(Installed, TheCoordinatorNeedsNeitherLibTorchNorImageLibraries) {
  install({"--component", "coordinator"});
  for (const std::string name : {"bin/consilium", "libexec/consilium/consilium-federation"}) {
    const test::Outcome outcome = run_program({"/usr/bin/ldd", (folder.path() / name).string()});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, AllOf(HasSubstr("libc.so"), Not(HasSubstr("torch")), Not(HasSubstr("dcm")), Not(HasSubstr("opencv")), Not(HasSubstr("ITK")), Not(HasSubstr("not found")))) << name;
  }
}

TEST(PackagedExamples, TheCoordinatorsSettingsAreUnderstood) {
  const auto settings = pipelines::parse_coordinate_settings(read_json(kSource / "packaging/examples/coordinator.json"), "coordinator.json", "/etc/consilium/tumour");
  EXPECT_THAT(settings.folder, testing::StartsWith("/var/lib/consilium-coordinator/tumour/")) << "the only place where the unit lets it write";
  EXPECT_THAT(settings.keys, testing::StartsWith("/var/lib/consilium-coordinator/tumour/"));
}

}  // namespace
}  // namespace consilium
