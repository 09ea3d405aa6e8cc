#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/settings.h"
#include "tests/support/process.h"
#include "tests/support/program.h"
#include "tests/support/tiny_site.h"
#include "tests/support/tiny_training.h"

namespace consilium::test {

/// A federation of tiny sites in a folder of its own: cases, keys, initial model and settings, made with the commands that users
/// type.
class TinyFederation : public testing::Test {
 protected:
  /// Long enough that a kill a moment after its start hits the middle of a round.
  static constexpr std::int64_t kStepsPerRound = 50, kRounds = 3;

  static Json training(std::int64_t rounds = kRounds, std::int64_t steps_per_round = kStepsPerRound) {
    Json json = tiny_training(rounds * steps_per_round, rounds);
    json["fit"]["patch"] = {16, 16, 16};
    return json;
  }

  std::string path(const std::string& name) const { return (folder.path() / name).string(); }

  void make(const std::vector<std::string>& names, const Json& with = training()) {
    sites = names;
    ok({"keys", "init", path("keys")});
    ok({"keys", "issue", path("keys"), "hub", "--role", "coordinator", "--host", "localhost"});
    for (std::size_t n = 0; n < names.size(); ++n) {
      write_tiny_site(path("data/" + names[n]), names[n], 3, 1, 100 * (n + 1));
      ok({"keys", "issue", path("keys"), names[n]});
    }
    write_json("training.json", {{"training", with}});
    ok({"train", path("training.json"), "--initial", "-o", path("start")});
    write_json("hub.json", hub_settings());
    for (const std::string& name : names) write_json(name + ".json", site_settings(name));
  }

  Json hub_settings() const {
    return {{"listen", "localhost:0"}, {"name", "hub"},  {"keys", "keys"},      {"initial_model", "start/initial.safetensors"},
            {"folder", "hub"},         {"sites", sites}, {"linger_seconds", 20}};
  }
  Json site_settings(const std::string& name) const {
    return {{"name", name},           {"coordinator", "@hub/address"}, {"keys", "keys"},
            {"data", "data/" + name}, {"folder", "state/" + name},     {"give_up_seconds", 60}};
  }
  void write_json(const std::string& name, const Json& json) const { write_file(path(name), json.dump(1)); }

  static std::vector<std::string> command(std::vector<std::string> words) {
    words.insert(words.begin(), consilium_program());
    return words;
  }
  static Outcome run(const std::vector<std::string>& words) { return run_program(command(words)); }
  static void ok(const std::vector<std::string>& words) {
    const Outcome outcome = run(words);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
  }
  std::unique_ptr<Process> start(const std::vector<std::string>& words) const {
    return std::make_unique<Process>(command(words));
  }
  std::unique_ptr<Process> coordinator() const { return start({"coordinate", path("hub.json")}); }
  std::unique_ptr<Process> site(const std::string& name) const { return start({"join", path(name + ".json")}); }

  /// From now on the coordinator listens where its sites look for it, as one with a fixed port does from the beginning.
  void fix_address() const {
    ASSERT_TRUE(wait_until([&] { return fs::exists(path("hub/address")); }));
    std::string address = read_file(path("hub/address"));
    address.pop_back();
    Json json = hub_settings();
    json["listen"] = address;
    write_json("hub.json", json);
  }
  std::int64_t rounds_closed(const std::string& hub = "hub") const {
    return fs::exists(path(hub + "/progress.json"))
               ? read_json(path(hub + "/progress.json")).at("rounds_closed").get<std::int64_t>()
               : 0;
  }
  static bool says(const Process& process, const std::string& words) { return process.err().find(words) != std::string::npos; }

  TemporaryFolder folder;
  std::vector<std::string> sites;
};

}  // namespace consilium::test
