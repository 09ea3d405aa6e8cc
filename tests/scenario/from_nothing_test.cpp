#include <chrono>

#include "tests/scenario/tiny_federation.h"
#include "tests/support/free_port.h"

namespace consilium {
namespace {

using testing::HasSubstr;

/// What a federation's owner and its hospitals type, from an empty folder on. Their settings files and their scans are there.
class FromNothing : public test::TinyFederation {
 protected:
  FromNothing() {
    const int port = test::free_ports(2);
    address = "127.0.0.1:" + std::to_string(port);
    enrolment = "127.0.0.1:" + std::to_string(port + 1);
    write_json("training.json", {{"training", training(1, 2)}});
    sites = {"site_a", "site_b", "site_c"};
    write_json("coordinator.json", {{"listen", address}, {"enrolment", enrolment}, {"keys", "owner"}, {"initial_model", "training.json"}, {"folder", "hub"}, {"sites", sites}, {"linger_seconds", 20}});
    for (std::size_t n = 0; n < sites.size(); ++n) {
      test::write_tiny_site(path("data/" + sites[n]), sites[n], 2, 0, 100 * (n + 1));
      write_json(sites[n] + ".json", {{"invitation", "owner/invitations/" + sites[n] + ".invitation.json"}, {"keys", "keys_" + sites[n]}, {"data", "data/" + sites[n]}, {"folder", "state/" + sites[n]}, {"give_up_seconds", 60}});
    }
  }
  std::string address, enrolment;
};

TEST_F(FromNothing, FiveCommandsAndOneMinuteToThreeSitesThatTrainOverMutualTls) {
  const auto begin = std::chrono::steady_clock::now();
  int commands = 0;
  std::vector<std::unique_ptr<test::Process>> running;
  const auto type = [&](const std::vector<std::string>& words) {
    ++commands;
    running.push_back(start(words));
  };
  type({"keys", "init", path("owner"), "--address", address, "--invite", "site_a", "site_b", "site_c"});
  ASSERT_EQ(running[0]->wait(), 0) << running[0]->err();
  type({"coordinate", path("coordinator.json")});
  for (const std::string& site : sites) type({"join", path(site + ".json")});
  // A round has been closed: three sites have trained, and their updates have come in over mutual TLS.
  ASSERT_TRUE(test::wait_until([&] { return rounds_closed() >= 1; })) << running[1]->err() << running[2]->err();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  RecordProperty("seconds", std::to_string(seconds));
  EXPECT_LE(commands, 5);
  EXPECT_LT(seconds, 60);
  EXPECT_THAT(running[1]->err(), HasSubstr("round 1 of 1: 3 of 3 sites"));
  for (const auto& process : running) EXPECT_EQ(process->wait(), 0) << process->err();
  for (const std::string& site : sites) {
    EXPECT_TRUE(fs::exists(path("keys_" + site + "/" + site + ".key")));
    EXPECT_FALSE(fs::exists(path("owner/" + site + ".key"))) << "a key never leaves its site";
    EXPECT_TRUE(fs::exists(path("state/" + site + "/model.safetensors")));
  }
}

TEST_F(FromNothing, StaleAndRevokedSitesEndWithTheReasonAndTheDocumentedCode) {
  ok({"keys", "init", path("owner"), "--address", address, "--invite", "site_a", "site_b"});
  auto hub = start({"coordinate", path("coordinator.json")});
  auto a = start({"join", path("site_a.json")});
  ASSERT_TRUE(test::wait_until([&] { return fs::exists(path("state/site_a/update.offer")); })) << hub->err() << a->err();
  ok({"keys", "revoke", path("owner"), "site_a", "--reason", "left"});
  EXPECT_EQ(a->wait(), 9);
  EXPECT_THAT(a->err(), testing::AllOf(HasSubstr("was revoked on 20"), HasSubstr("(left)"), HasSubstr("ask the owner of the federation")));
  const test::Outcome again = run({"join", path("site_a.json")});
  EXPECT_EQ(again.code, 9) << again.err;

  // An older generation of the same federation: the site holds keys of it, and no invitation.
  ok({"keys", "init", path("older"), "--address", address, "--invite", "site_b"});
  ok({"keys", "issue", path("older"), "site_b"});
  Json stale = read_json(path("site_b.json"));
  stale.erase("invitation");
  stale.update(Json{{"name", "site_b"}, {"coordinator", address}, {"keys", "older"}});
  write_json("stale.json", stale);
  const test::Outcome outcome = run({"join", path("stale.json")});
  EXPECT_EQ(outcome.code, 9);
  EXPECT_THAT(outcome.err, HasSubstr("older generation"));

  const test::Outcome listed = run({"keys", "list", path("owner"), "--json"});
  std::map<std::string, std::string> states;
  const Json list = parse_json(listed.out, "list");
  for (const Json& row : list["certificates"]) states[row["name"].get<std::string>()] = row["state"].get<std::string>();
  EXPECT_EQ(states["site_a"], "revoked");
  EXPECT_EQ(states["site_b"], "invited");
  EXPECT_EQ(states["coordinator"], "enrolled");
  const Json refused = read_json(path("hub/refused.json"));
  EXPECT_EQ(refused["refused"][0]["who"], "site_a");
  EXPECT_TRUE(hub->running());
}

TEST_F(FromNothing, WhereTheCoordinatorCannotBeReachedARequestIsSignedByHand) {
  ok({"keys", "init", path("owner"), "--address", address, "--invite", "site_a"});
  const std::string invitation = path("owner/invitations/site_a.invitation.json");
  ok({"keys", "enrol", invitation, "--keys", path("keys_site_a"), "--csr-out", path("site_a.csr")});
  ok({"keys", "sign", path("owner"), path("site_a.csr"), "-o", path("site_a.crt")});
  ok({"keys", "enrol", invitation, "--keys", path("keys_site_a"), "--certificate", path("site_a.crt")});
  const test::Outcome checked = test::run_program({"/usr/bin/openssl", "verify", "-CAfile", path("keys_site_a/ca.crt"), path("keys_site_a/site_a.crt")});
  EXPECT_EQ(checked.code, 0) << checked.err;
  EXPECT_EQ(run({"keys", "sign", path("owner"), path("site_a.csr"), "-o", path("again.crt")}).code, 0) << "the same request again";
  EXPECT_EQ(read_file(path("again.crt")), read_file(path("site_a.crt")));
}

}  // namespace
}  // namespace consilium
