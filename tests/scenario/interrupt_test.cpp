#include "tests/scenario/tiny_federation.h"

namespace consilium {
namespace {

using test::wait_until;
using testing::HasSubstr;

class Interrupt : public test::TinyFederation {
 protected:
  void write_train_settings() const {
    test::write_tiny_site(path("data/east"), "east", 3, 1, 100);
    write_json("train.json", {{"sites", {{{"name", "east"}, {"folder", "data/east"}}}}, {"training", training()}});
  }
  static void expect_interrupted(test::Process& process, int number) {
    process.signal(number);
    EXPECT_EQ(process.wait(20), 130) << process.err();
    EXPECT_THAT(process.err(), HasSubstr("interrupted"));
  }
};

TEST_F(Interrupt, ATrainingEndsInOrderAndGoesOnToTheSameBytes) {
  write_train_settings();
  ok({"train", path("train.json"), "-o", path("whole")});
  for (const int number : {SIGINT, SIGTERM}) {
    auto training = start({"train", path("train.json"), "-o", path("run")});
    const std::string after = number == SIGINT ? "weights_1" : "weights_2";
    ASSERT_TRUE(wait_until([&] { return fs::exists(path("run/checkpoint/" + after + ".safetensors")); })) << training->err();
    expect_interrupted(*training, number);
    EXPECT_THAT(training->err(), HasSubstr("it goes on"));
    EXPECT_FALSE(fs::exists(path("run/model.safetensors")));
  }
  ok({"train", path("train.json"), "-o", path("run")});
  EXPECT_EQ(read_file(path("run/model.safetensors")), read_file(path("whole/model.safetensors")));
}

TEST_F(Interrupt, ASimulationEndsItsProcessesAndGoesOn) {
  make({"east", "west"});
  write_json("simulation.json",
             {{"data", "data"}, {"sites", {{{"name", "east"}}, {{"name", "west"}}}}, {"training", training()}});
  auto simulation = start({"simulate", path("simulation.json"), "--processes", "-o", path("run")});
  ASSERT_TRUE(wait_until([&] { return rounds_closed("run/federation/coordinator") == 1; })) << simulation->err();
  std::vector<pid_t> children;
  for (const char* name : {"coordinator", "east", "west"})
    children.push_back(std::stoi(read_file(path(std::string("run/federation/") + name + ".pid"))));
  expect_interrupted(*simulation, SIGINT);
  for (const pid_t child : children)
    EXPECT_TRUE(wait_until([&] { return kill(child, 0) != 0; }, 10)) << "a process of the simulation outlived it";
  ok({"simulate", path("simulation.json"), "--processes", "-o", path("run")});
  ok({"simulate", path("simulation.json"), "-o", path("calm")});
  EXPECT_EQ(read_file(path("run/models/federated.safetensors")), read_file(path("calm/models/federated.safetensors")));
}

TEST_F(Interrupt, ASimulationOfThreadsEndsInOrder) {
  make({"east", "west"});
  write_json("simulation.json",
             {{"data", "data"}, {"sites", {{{"name", "east"}}, {{"name", "west"}}}}, {"training", training()}});
  auto simulation = start({"simulate", path("simulation.json"), "-o", path("run")});
  ASSERT_TRUE(wait_until([&] { return fs::exists(path("run/models/pooled/progress.json")); })) << simulation->err();
  expect_interrupted(*simulation, SIGTERM);
  EXPECT_FALSE(fs::exists(path("run/results.json")));
}

TEST_F(Interrupt, ACoordinatorAndASiteEndInOrderInTheMiddleOfARound) {
  make({"east", "west"});
  auto hub = coordinator();
  auto east = site("east"), west = site("west");
  ASSERT_TRUE(wait_until([&] { return says(*east, "round 2 of 3: training"); })) << east->err();
  expect_interrupted(*east, SIGTERM);
  hub->signal(SIGINT);
  EXPECT_EQ(hub->wait(20), 130) << hub->err();
  expect_interrupted(*west, SIGINT);
  EXPECT_EQ(rounds_closed(), 1);
}

TEST_F(Interrupt, WhoWaitsForNobodyEndsAtOnce) {
  make({"east"}, training(1, 2));
  auto hub = coordinator();
  ASSERT_TRUE(wait_until([&] { return fs::exists(path("hub/address")); }));
  hub->signal(SIGTERM);
  EXPECT_EQ(hub->wait(10), 130) << hub->err();
  fs::remove(path("hub/address"));
  auto east = site("east");  // looks for an address that is not there
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  east->signal(SIGTERM);
  const int code = east->wait(10);
  // Before its handler is in place, the signal itself ends it.
  EXPECT_TRUE(code == 130 || code == -SIGTERM) << code;
}

}  // namespace
}  // namespace consilium
