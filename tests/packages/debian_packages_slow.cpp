#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>

#include "base/settings.h"
#include "tests/packages/verbs.h"
#include "tests/support/free_port.h"
#include "tests/support/process.h"
#include "tests/support/tiny_site.h"
#include "tests/support/tiny_training.h"

namespace consilium {
namespace {

using test::run_program;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// Of the coordinator's package; it was 1.0 MB when this was written.
constexpr std::uintmax_t kMostCoordinatorBytes = 3'000'000;

/// What ./dev package makes, made once, and unpacked: the coordinator's package alone, and both together.
class DebianPackages : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    made = std::make_unique<TemporaryFolder>();
    packages = package(made->path() / "packages");
    ASSERT_EQ(packages.size(), 2U) << "is debhelper installed?";
    unpack("consilium-coordinator", made->path() / "alone");
    for (const std::string name : {"consilium-coordinator", "consilium"}) unpack(name, made->path() / "both");
  }
  static void TearDownTestSuite() { made.reset(); }

  /// Name of a package to its file.
  static std::map<std::string, fs::path> package(const fs::path& out) {
    const test::Outcome outcome = run_program({"/usr/bin/env", "CONSILIUM_BUILD=" CONSILIUM_BINARY_DIR, CONSILIUM_SOURCE_DIR "/dev", "package", "-o", out.string()});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    std::map<std::string, fs::path> files;
    for (const auto& entry : fs::directory_iterator(out)) {
      const std::string name = entry.path().filename().string();
      files[name.substr(0, name.find('_'))] = entry.path();
    }
    return files;
  }
  static void unpack(const std::string& name, const fs::path& root) {
    const test::Outcome outcome = run_program({"/usr/bin/dpkg-deb", "--extract", packages.at(name).string(), root.string()});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
  }
  static std::string field(const std::string& name, const std::string& of) {
    std::string value = run_program({"/usr/bin/dpkg-deb", "--field", packages.at(name).string(), of}).out;
    if (!value.empty()) value.pop_back();
    return value;
  }
  static std::string program(const std::string& root) { return (made->path() / root / "usr/bin/consilium").string(); }

  static inline std::unique_ptr<TemporaryFolder> made;
  static inline std::map<std::string, fs::path> packages;
};

TEST_F(DebianPackages, AreTheSameBytesTwice) {
  const TemporaryFolder again;
  for (const auto& [name, file] : package(again.path())) EXPECT_TRUE(read_file(file) == read_file(packages.at(name))) << name;
}

TEST_F(DebianPackages, TheCoordinatorIsSmallAndTheRestNeedsIt) {
  EXPECT_THAT(field("consilium-coordinator", "Depends"), AllOf(HasSubstr("libgrpc++"), Not(HasSubstr("torch")), Not(HasSubstr("dcmtk")), Not(HasSubstr("opencv"))));
  EXPECT_LT(fs::file_size(packages.at("consilium-coordinator")), kMostCoordinatorBytes);
  const std::string version = field("consilium-coordinator", "Version");
  EXPECT_THAT("consilium " + version, StartsWith(run_program({program("alone"), "--version"}).out.substr(0, 15))) << "one place says which version";
  EXPECT_THAT(field("consilium", "Depends"), AllOf(HasSubstr("consilium-coordinator (= " + version + ")"), HasSubstr("libtorch")));
}

TEST_F(DebianPackages, LintianFindsNothing) {
  if (!fs::exists("/usr/bin/lintian")) GTEST_SKIP() << "lintian is not installed";
  for (const auto& [name, file] : packages) {
    const test::Outcome outcome = run_program({"/usr/bin/lintian", "--allow-root", "--fail-on", "error,warning", file.string()});
    EXPECT_EQ(outcome.code, 0) << outcome.out;
  }
}

TEST_F(DebianPackages, EveryVerbHasHelpAndAManualPageInThePackageOfItsProgram) {
  const auto page = [&](const std::string& root, const std::string& verb) { return made->path() / root / "usr/share/man/man1" / ("consilium-" + verb + ".1.gz"); };
  for (const std::string& verb : test::verbs_of(program("both"))) {
    EXPECT_EQ(run_program({program("both"), verb, "--help"}).code, 0) << verb;
    EXPECT_TRUE(fs::exists(page("both", verb))) << verb;
    EXPECT_EQ(run_program({program("alone"), verb, "--help"}).code == 0, fs::exists(page("alone", verb))) << verb;
  }
  EXPECT_TRUE(fs::exists(page("alone", "keys-init")));
}

TEST_F(DebianPackages, FiveCommandsToThreeSitesThatTrainWithACoordinatorWithoutLibTorch) {
  const TemporaryFolder folder;
  const auto path = [&](const std::string& name) { return (folder.path() / name).string(); };
  const int port = test::free_ports(2);
  const std::string address = "127.0.0.1:" + std::to_string(port), enrolment = "127.0.0.1:" + std::to_string(port + 1);
  const std::vector<std::string> sites{"site_a", "site_b", "site_c"};
  // Made where LibTorch is, and copied.
  Json training = test::tiny_training(2, 1);
  training["fit"]["patch"] = {16, 16, 16};
  write_file(path("training.json"), Json{{"training", training}}.dump());
  ASSERT_EQ(run_program({program("both"), "train", path("training.json"), "--initial", "-o", path("start")}).code, 0);
  write_file(path("coordinator.json"), Json{{"listen", address}, {"enrolment", enrolment}, {"keys", "owner"}, {"initial_model", "start/initial.safetensors"}, {"folder", "hub"}, {"sites", sites}, {"linger_seconds", 20}}.dump());
  for (std::size_t n = 0; n < sites.size(); ++n) {
    test::write_tiny_site(path("data/" + sites[n]), sites[n], 2, 0, 100 * (n + 1));
    write_file(path(sites[n] + ".json"), Json{{"invitation", "owner/invitations/" + sites[n] + ".invitation.json"}, {"keys", "keys_" + sites[n]}, {"data", "data/" + sites[n]}, {"folder", "state/" + sites[n]}, {"give_up_seconds", 60}}.dump());
  }

  std::vector<std::unique_ptr<test::Process>> commands;
  const auto type = [&](const std::vector<std::string>& words) { commands.push_back(std::make_unique<test::Process>(words)); };
  type({program("alone"), "keys", "init", path("owner"), "--address", address, "--invite", "site_a", "site_b", "site_c"});
  ASSERT_EQ(commands[0]->wait(), 0) << commands[0]->err();
  type({program("alone"), "coordinate", path("coordinator.json")});
  for (const std::string& site : sites) type({program("both"), "join", path(site + ".json")});
  EXPECT_LE(commands.size(), 5U);
  for (const auto& command : commands) EXPECT_EQ(command->wait(300), 0) << command->err();
  EXPECT_THAT(commands[1]->err(), HasSubstr("round 1 of 1: 3 of 3 sites"));
  for (const std::string& site : sites) EXPECT_EQ(read_file(path("state/" + site + "/model.safetensors")), read_file(path("hub/model.safetensors")));
}

/// Units under a systemd of their own: on_debian.sh says what is looked at.
TEST_F(DebianPackages, RunAsServicesOnAFreshDebian) {
  const TemporaryFolder folder;
  const char* base = std::getenv("CONSILIUM_DEBIAN");
  const test::Outcome outcome = run_program({"/bin/bash", CONSILIUM_SOURCE_DIR "/tests/packages/on_debian.sh", (made->path() / "packages").string(), folder.path().string(), base == nullptr ? "" : base});
  if (outcome.code == 77) GTEST_SKIP() << outcome.out.substr(outcome.out.rfind("skipped: "));
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  std::cout << outcome.out;
}

}  // namespace
}  // namespace consilium
