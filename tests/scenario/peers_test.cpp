#include "tests/scenario/tiny_federation.h"
#include "tests/support/free_port.h"

namespace consilium {
namespace {

/// The whole program without coordinator: two peers that can be dialled, one that only dials out, and a relay.
class Peers : public test::TinyFederation {
 protected:
  Json peers(const std::string& listen) const {
    return {{"topology", "ring"}, {"initial_model", "start/initial.safetensors"}, {"listen", listen}, {"relay", relay_},
            {"sites", {{{"name", "east"}, {"address", east_}}, {{"name", "north"}, {"address", north_}}, {{"name", "west"}}}}, {"linger_seconds", 20}, {"liveness_seconds", 10}};
  }
  const std::string east_ = test::free_address(), north_ = test::free_address(), relay_ = test::free_address();
};

TEST_F(Peers, TrainTheCoordinatorsModelWithoutOne) {
  const std::vector<std::string> names{"east", "north", "west"};
  ok({"keys", "init", path("keys")});
  ok({"keys", "issue", path("keys"), "relay", "--role", "coordinator", "--host", "127.0.0.1"});
  for (const std::string& name : names) {
    test::write_tiny_site(path("data/" + name), name, 3, 1, name[0]);
    ok({"keys", "issue", path("keys"), name, "--role", name == "west" ? "site" : "peer"});
    Json json{{"name", name}, {"keys", "keys"}, {"data", "data/" + name}, {"folder", "state/" + name}, {"peers", peers(name == "east" ? east_ : name == "north" ? north_ : "")}};
    write_json(name + ".json", json);
  }
  write_json("training.json", {{"training", training(2, 6)}});
  ok({"train", path("training.json"), "--initial", "-o", path("start")});
  write_json("relay.json", {{"listen", relay_}, {"keys", "keys"}, {"folder", "relay"}, {"sites", names}});
  const auto relay = start({"relay", path("relay.json")});
  std::vector<std::unique_ptr<test::Process>> sites;
  for (const std::string& name : names) sites.push_back(site(name));
  for (const auto& process : sites) EXPECT_EQ(process->wait(200), 0) << process->err();
  relay->signal(SIGTERM);
  EXPECT_EQ(relay->wait(20), 0) << relay->err();
  // What a simulation of the same sites with a coordinator ends with.
  write_json("simulation.json", {{"data", "data"}, {"sites", {{{"name", "east"}}, {{"name", "north"}}, {{"name", "west"}}}}, {"models", {"federated"}}, {"training", training(2, 6)}});
  ok({"simulate", path("simulation.json"), "-o", path("simulation"), "--threads", "1"});
  const std::string expected = read_file(path("simulation/models/federated.safetensors"));
  for (const std::string& name : names) EXPECT_EQ(read_file(path("state/" + name + "/model.safetensors")), expected) << name;
}

}  // namespace
}  // namespace consilium
