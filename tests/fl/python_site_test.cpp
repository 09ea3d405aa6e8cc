#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <future>
#include <memory>

#include "base/error.h"
#include "base/rng.h"
#include "base/settings.h"
#include "fl/run_in_process.h"
#include "fl/transport/client.h"
#include "fl/transport/server.h"
#include "models/state/safetensors.h"
#include "tests/fl/without_commitments.h"
#include "tests/support/expired_certificate.h"
#include "tests/support/process.h"
#include "tests/support/program.h"
#include "tests/support/relay.h"

// The Python reference site (tools/python_site) in a federation with sites and coordinator of this program.
namespace consilium::fl {
namespace {

using consilium::test::Outcome;
using consilium::test::Process;
using consilium::test::Relay;
using consilium::test::run_program;
using consilium::test::wait_until;
using testing::HasSubstr;

const fs::path kPythonSite = fs::path(CONSILIUM_SOURCE_DIR) / "tools/python_site";

std::vector<std::string> python(std::vector<std::string> words) {
  const std::vector<std::string> start{"/usr/bin/env", "PYTHONPATH=" + kPythonSite.string(), "PYTHONDONTWRITEBYTECODE=1", "/usr/bin/python3"};
  words.insert(words.begin(), start.begin(), start.end());
  return words;
}

/// consilium_site.trainers.toy.Pull, operation by operation: w + rate (target - w) in float32.
class Pull : public Trainer {
 public:
  Pull(float target, std::int64_t cases) : target_(target), cases_(cases) {}
  Validation validate(const RoundPlan&, const ModelState& global) override {
    double sum = 0;
    for (const NamedTensor& tensor : global.tensors) sum += std::abs(static_cast<double>(tensor.values[0]) - static_cast<double>(target_));
    return {1 / (1 + sum / static_cast<double>(global.tensors.size())), cases_};
  }
  Update train(const RoundPlan& plan, const ModelState& global) override {
    Update update;
    update.delta = global;
    for (NamedTensor& tensor : update.delta.tensors) {
      for (float& w : tensor.values) {
        const float trained = w + 0.5F * (target_ - w);
        w = trained - w;
      }
      update.cases_per_group[tensor.group] = cases_;
    }
    update.metrics = {{"loss", 1 - validate(plan, global).score}};
    return update;
  }

 private:
  float target_;
  std::int64_t cases_;
};

class PythonSite : public testing::Test {
 protected:
  PythonSite() {
    init_authority(keys());
    issue_certificate(keys(), "hub", {.role = Role::kCoordinator, .hosts = {"localhost", "127.0.0.1"}});
    for (const char* name : {"east", "north", "west"}) issue_certificate(keys(), name);
    Rng rng(7);  // chunks that differ: equal ones would be sent once
    initial.tensors = {{"a.weight", "trunk", {2, 3}, {}}, {"b.weight", "head", {1500, 1000}, {}}, {"c.scale", "head", {}, {}}};
    for (NamedTensor& tensor : initial.tensors)
      for (std::int64_t n = 0; n < element_count(tensor.shape); ++n) tensor.values.push_back(static_cast<float>(rng.uniform()));
  }
  fs::path keys() const { return folder.path() / "keys"; }
  static FederationSettings settings(std::int64_t rounds) { return {.sites = {"east", "north", "west"}, .rounds = rounds, .quorum = 3, .deadline_seconds = 100, .task = R"({"seed":1,"steps":4})"}; }

  std::future<RunState> coordinator(std::int64_t rounds) {
    return std::async(std::launch::async, [=, this] { return run_coordinator({.listen = "127.0.0.1:0", .name = "hub", .tls = tls_files(keys(), "hub"), .folder = folder.path() / "hub", .linger_seconds = 20}, settings(rounds), initial, {}, &stop); });
  }
  std::string address() const {
    const fs::path file = folder.path() / "hub/address";
    EXPECT_TRUE(wait_until([&] { return fs::exists(file); }));
    std::string text = read_file(file);
    text.pop_back();
    return text;
  }
  std::future<ModelState> join(const std::string& name, Trainer& trainer) const {
    return std::async(std::launch::async, [=, this, &trainer] { return run_site({.name = name, .coordinator = address(), .tls = tls_files(keys(), name), .folder = folder.path() / name, .give_up_seconds = 60}, trainer, {}, &stop); });
  }
  /// The command of a Python site "west" that pulls towards `target`; `more` overrides its settings.
  std::vector<std::string> west(const std::string& where, const Json& more = Json::object()) const {
    Json json{{"name", "west"}, {"coordinator", where}, {"keys", keys().string()}, {"folder", "west"}, {"trainer", "consilium_site.trainers.toy:Pull"}, {"options", {{"target", -0.25}, {"cases", 7}}}, {"give_up_seconds", 60}};
    json.update(more);
    write_file(folder.path() / "west.json", json.dump());
    return python({"-m", "consilium_site", (folder.path() / "west.json").string(), "--json"});
  }
  FinishedRun three_of_ours(std::int64_t rounds) const {
    const TemporaryFolder plain;
    std::vector<Pull> ours = trainers();
    return run_in_process(settings(rounds), initial, {{"east", &ours[0]}, {"north", &ours[1]}, {"west", &ours[2]}}, plain.path());
  }
  static std::vector<Pull> trainers() { return {{0.3F, 3}, {0.7F, 5}, {-0.25F, 7}}; }

  /// A test that fails must not wait for a federation that will not finish.
  struct StopAtEnd {
    std::atomic<bool>& stop;
    ~StopAtEnd() { stop = true; }
  };

  TemporaryFolder folder;
  ModelState initial;
  std::atomic<bool> stop = false;
};

TEST_F(PythonSite, WithTwoOfOursEndsInTheSameBytesAsThreeOfOurs) {
  const FinishedRun expected = three_of_ours(3);
  auto hub = coordinator(3);
  std::vector<Pull> ours = trainers();
  auto east = join("east", ours[0]), north = join("north", ours[1]);
  const StopAtEnd end{stop};
  Process site(west(address()));
  ASSERT_EQ(site.wait(), 0) << site.err();
  const RunState state = hub.get();
  EXPECT_TRUE(without_commitments(state) == expected.state) << digest(state.global) << " and " << digest(expected.state.global);
  EXPECT_TRUE(east.get() == expected.best);
  north.get();
  const ModelFile model = read_safetensors(folder.path() / "west/model.safetensors");
  EXPECT_TRUE(model.state == expected.best);
  EXPECT_TRUE(read_file(folder.path() / "west/model.safetensors") == encode_safetensors(expected.best, model.metadata)) << "the file differs from the one that ours would write";
  EXPECT_EQ(Json::parse(model.metadata.at("consilium.training")), Json::parse(settings(3).task));
  EXPECT_EQ(Json::parse(site.out()).at("digest"), digest(expected.best));
}

TEST_F(PythonSite, KilledInTheMiddleOfAnUploadSendsTheRestOfTheSameUpdate) {
  const FinishedRun expected = three_of_ours(2);
  auto hub = coordinator(2);
  const StopAtEnd end{stop};
  const std::string where = address();
  Relay relay(static_cast<std::uint16_t>(std::stoi(where.substr(where.rfind(':') + 1))));
  relay.hold_after = 3 << 20;  // of an update of 5.7 MiB
  Process first(west(relay.address()));
  ASSERT_TRUE(wait_until([&] { return relay.sent >= relay.hold_after; })) << first.err();
  first.signal(SIGKILL);
  EXPECT_EQ(first.wait(), -SIGKILL);
  EXPECT_THAT(first.err(), HasSubstr("round 1 of 2: training"));
  const std::uint64_t before = relay.sent;
  relay.hold_after = UINT64_MAX;
  Process second(west(relay.address()));
  // With only this site's update in, the first round stays open.
  ASSERT_TRUE(wait_until([&] { return relay.sent - before > (2 << 20) || !second.running(); })) << second.err();
  std::vector<Pull> ours = trainers();
  auto east = join("east", ours[0]), north = join("north", ours[1]);
  const StopAtEnd end_of_sites{stop};
  ASSERT_EQ(second.wait(), 0) << second.err();
  EXPECT_THAT(second.err(), Not(HasSubstr("round 1 of 2: training")));
  EXPECT_THAT(second.err(), HasSubstr("round 2 of 2: training"));
  EXPECT_TRUE(without_commitments(hub.get()) == expected.state);
  // The rest of round 1 and the whole of round 2; at most one chunk, and what was in flight between relay and a slow coordinator, comes twice; sent as a whole, it would be 3 MiB more.
  EXPECT_LT(relay.sent - before, (2 * 5.73 - 3 + 2) * (1 << 20));
  east.get(), north.get();
}

TEST_F(PythonSite, IsRefusedByAPlanThatProtectsUpdates) {
  FederationSettings secure = settings(1);
  secure.protection.secure_aggregation.emplace();
  auto hub = std::async(std::launch::async, [&] { return run_coordinator({.listen = "127.0.0.1:0", .name = "hub", .tls = tls_files(keys(), "hub"), .folder = folder.path() / "hub", .linger_seconds = 0}, secure, initial, {}, &stop); });
  const StopAtEnd end{stop};
  const Outcome outcome = run_program(west(address()));
  EXPECT_EQ(outcome.code, 6) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("protects updates by secure_aggregation, which this site does not speak"));
}

TEST_F(PythonSite, WithAWrongCertificateIsRefused) {
  auto hub = coordinator(1);
  const StopAtEnd end{stop};
  const auto outcome = [&](const std::string& name, const fs::path& with_keys) {
    return run_program(west(address(), {{"name", name}, {"keys", with_keys.string()}, {"give_up_seconds", 0.5}}));
  };
  const auto copy_of_keys = [&](const std::string& name) {
    fs::copy(keys(), folder.path() / name);
    return folder.path() / name;
  };
  // Of this authority, but of no site of this federation: the coordinator says so.
  issue_certificate(keys(), "south");
  Outcome refused = outcome("south", keys());
  EXPECT_EQ(refused.code, 9);
  EXPECT_THAT(refused.err, HasSubstr("does not belong to this federation"));
  // Of another authority, beside our ca.crt; for another role; too old; another site's: said before dialling.
  init_authority(folder.path() / "other");
  issue_certificate(folder.path() / "other", "west");
  const fs::path mixed = copy_of_keys("mixed");
  for (const char* file : {"west.crt", "west.key"}) fs::copy(folder.path() / "other" / file, mixed / file, fs::copy_options::overwrite_existing);
  refused = outcome("west", mixed);
  EXPECT_EQ(refused.code, 9);
  EXPECT_THAT(refused.err, HasSubstr("does not pass with the authority"));
  EXPECT_EQ(outcome("hub", keys()).code, 9);
  const fs::path swapped = copy_of_keys("swapped");
  for (const char* kind : {".crt", ".key"}) fs::copy(keys() / (std::string("east") + kind), swapped / (std::string("west") + kind), fs::copy_options::overwrite_existing);
  EXPECT_EQ(outcome("west", swapped).code, 6);
  fs::copy(keys() / "north.key", swapped / "west.key", fs::copy_options::overwrite_existing);
  EXPECT_EQ(outcome("west", swapped).code, 6);
  // A whole federation of another authority: the handshake fails, which looks like no coordinator at all.
  EXPECT_EQ(outcome("west", folder.path() / "other").code, 10);
  stop = true;
  hub.get();
}

TEST_F(PythonSite, ErrorsHaveTheExitCodesOfTheDocument) {
  const auto outcome = [&](const Json& more) { return run_program(west("localhost:1", more)); };
  EXPECT_EQ(outcome({{"foldr", "x"}}).code, 2);
  EXPECT_EQ(outcome({{"trainer", "no_such_module:x"}}).code, 2);
  EXPECT_EQ(outcome({{"options", {{"no_such", 1}}}}).code, 2);
  EXPECT_EQ(outcome({{"keys", "nowhere"}}).code, 3);
  const Outcome unreachable = outcome({{"give_up_seconds", 0.3}});
  EXPECT_EQ(unreachable.code, 10);
  EXPECT_EQ(Json::parse(unreachable.out).at("error").at("word"), to_string(ErrorCode::kUnreachable));
  EXPECT_EQ(run_program(python({"-m", "consilium_site"})).code, 2);
  EXPECT_EQ(run_program(python({"-m", "consilium_site", "nowhere.json"})).code, 3);
  Process waiting(west("localhost:1"));
  ASSERT_TRUE(wait_until([&] { return waiting.err().find("trying again") != std::string::npos; }));
  waiting.signal(SIGTERM);
  EXPECT_EQ(waiting.wait(), 130);
}

/// Files that one side reads and the other refuses would split a federation.
TEST(PythonSafetensors, AgreesWithOursOnEveryFileOfTheFuzzCorpus) {
  const fs::path corpus = fs::path(CONSILIUM_SOURCE_DIR) / "tests/fuzz/corpus/safetensors";
  const Outcome theirs = run_program(python({(kPythonSite / "tests/list_models.py").string(), corpus.string()}));
  ASSERT_EQ(theirs.code, 0) << theirs.err;
  Json ours = Json::object();
  for (const auto& file : fs::directory_iterator(corpus)) try {
      ours[file.path().filename().string()] = digest(read_safetensors(file.path()).state);
    } catch (const Error& error) {
      ours[file.path().filename().string()] = static_cast<int>(error.code());
    }
  EXPECT_EQ(Json::parse(theirs.out), ours);
}

TEST(PythonUnits, PassTheirOwnTests) {
  const Outcome outcome = run_program(python({"-m", "unittest", "discover", "-v", "-s", (kPythonSite / "tests").string()}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

}  // namespace
}  // namespace consilium::fl
