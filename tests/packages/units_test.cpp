#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>
#include <set>
#include <sstream>

#include "base/files.h"
#include "tests/support/program.h"

namespace consilium {
namespace {

using test::run_program;
using testing::HasSubstr;

const std::string kAnalyze = "/usr/bin/systemd-analyze";

/// 0 is best, 10 worst; both were at 1.3 or below when this was written.
constexpr double kMostExposed = 2.0;

class Unit : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!fs::exists(kAnalyze)) GTEST_SKIP() << "systemd-analyze is not installed (package systemd)";
    text = read_file(fs::path(CONSILIUM_SOURCE_DIR) / "packaging/systemd" / file());
  }
  std::string file() const { return std::string("consilium-") + GetParam() + "@.service"; }
  /// Every value of KEY=, one after the other.
  std::string value(const std::string& key) const {
    std::istringstream lines(text);
    std::string found;
    for (std::string line; std::getline(lines, line);)
      if (line.rfind(key + "=", 0) == 0) found += (found.empty() ? "" : " ") + line.substr(key.size() + 1);
    return found;
  }
  /// The unit as an instance, whose program is the one that was built.
  std::string instance() const {
    std::string built = text;
    const std::string installed = "ExecStart=/usr/bin/consilium";
    const auto at = built.find(installed);
    EXPECT_NE(at, std::string::npos);
    built.replace(at, installed.size(), "ExecStart=" + test::consilium_program());
    const fs::path path = folder.path() / (std::string("consilium-") + GetParam() + "@tumour.service");
    write_file(path, built);
    return path.string();
  }
  TemporaryFolder folder;
  std::string text;
};

TEST_P(Unit, HasNoKeyThatSystemdDoesNotKnow) {
  const test::Outcome outcome = run_program({kAnalyze, "verify", "--man=no", "--recursive-errors=no", instance()});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  // An unknown key is a warning only.
  EXPECT_THAT(outcome.err, testing::Not(HasSubstr("consilium-"))) << outcome.err;
}

TEST_P(Unit, ExposesLittleOfTheMachine) {
  const test::Outcome outcome = run_program({kAnalyze, "security", "--offline=true", "--no-pager", instance()});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string before = "Overall exposure level for ";
  const auto at = outcome.out.find(before);
  ASSERT_NE(at, std::string::npos) << outcome.out;
  const double exposed = std::stod(outcome.out.substr(outcome.out.find(": ", at) + 2));
  RecordProperty("exposure", std::to_string(exposed));
  EXPECT_LT(exposed, kMostExposed) << outcome.out;
}

/// A second start would find the same: settings, files, certificates. A crash, a full disk or a line that is down may be over by then.
TEST_P(Unit, IsStartedAgainUnlessThatCannotHelp) {
  EXPECT_EQ(value("Restart"), "on-failure");
  std::istringstream words(value("RestartPreventExitStatus"));
  const std::set<int> codes{std::istream_iterator<int>(words), {}};
  EXPECT_EQ(codes, (std::set<int>{2, 3, 4, 5, 6, 9}));
  EXPECT_EQ(value("SuccessExitStatus"), "130") << "stopped by its owner is no failure";
}

TEST_P(Unit, KeepsKeysToItself) {
  EXPECT_EQ(value("UMask"), "0077");
  EXPECT_EQ(value("LimitCORE"), "0");
  EXPECT_EQ(value("StateDirectoryMode"), "0700");
  EXPECT_EQ(value("User"), std::string("consilium-") + GetParam());
  EXPECT_EQ(value("CapabilityBoundingSet"), "");
}

INSTANTIATE_TEST_SUITE_P(Packaged, Unit, testing::Values("coordinator", "site"), [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace consilium
