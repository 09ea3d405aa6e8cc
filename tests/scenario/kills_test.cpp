#include "base/files.h"
#include "fl/run_in_process.h"
#include "models/state/safetensors.h"
#include "pipelines/segment.h"
#include "pipelines/site_trainer.h"
#include "pipelines/train_model.h"
#include "tests/scenario/tiny_federation.h"

namespace consilium {
namespace {

using test::wait_until;
using testing::HasSubstr;

class Kills : public test::TinyFederation {
 protected:
  Kills() { make({"east", "west"}); }

  /// What the federation comes to when nothing happens to it.
  std::string undisturbed() const {
    const auto settings = pipelines::parse_training_settings(training(), "training");
    std::vector<std::vector<pipelines::PreparedCase>> cases;
    for (const std::string& name : sites)
      cases.push_back(pipelines::prepare_site(path("data/" + name), settings, imaging::label_scheme("brats2023")));
    std::vector<std::unique_ptr<pipelines::SiteTrainer>> trainers;
    std::vector<std::pair<std::string, fl::Trainer*>> pairs;
    for (std::size_t n = 0; n < sites.size(); ++n) {
      trainers.push_back(std::make_unique<pipelines::SiteTrainer>(
          sites[n], pipelines::split_by_folders(cases[n], sites[n], settings), path("calm/" + sites[n])));
      pairs.emplace_back(sites[n], trainers.back().get());
    }
    const fl::FederationSettings federation{.sites = sites, .rounds = settings.rounds, .task = to_json(settings).dump()};
    const auto state = fl::run_in_process(federation, pipelines::initial_model(settings).state(), pairs, path("calm/hub"));
    pipelines::write_model(path("calm/model.safetensors"), state.best, settings);
    return read_file(path("calm/model.safetensors"));
  }
};

TEST_F(Kills, ASiteKilledInTheMiddleOfARoundComesBackAndChangesNothing) {
  auto hub = coordinator();
  auto east = site("east"), west = site("west");
  ASSERT_TRUE(wait_until([&] { return says(*east, "round 2 of 3: training"); })) << east->err() << hub->err();
  east->signal(SIGKILL);
  EXPECT_EQ(east->wait(), -SIGKILL);
  east = site("east");
  EXPECT_EQ(hub->wait(), 0) << hub->err();
  EXPECT_EQ(east->wait(), 0) << east->err();
  EXPECT_EQ(west->wait(), 0) << west->err();
  EXPECT_THAT(east->err(), HasSubstr("round 2 of 3: training")) << "the kill was to hit the middle of the round, not its end";
  EXPECT_THAT(east->err(), testing::Not(HasSubstr("round 1 of 3")));
  const std::string expected = undisturbed();
  EXPECT_EQ(read_file(path("hub/model.safetensors")), expected);
  EXPECT_EQ(read_file(path("state/east/model.safetensors")), expected);
}

TEST_F(Kills, ACoordinatorKilledInTheMiddleOfARoundGoesOnWithTheSameSites) {
  auto hub = coordinator();
  fix_address();
  auto east = site("east"), west = site("west");
  ASSERT_TRUE(wait_until([&] { return says(*east, "round 2 of 3: training") && says(*west, "round 2 of 3: training"); }))
      << east->err() << hub->err();
  hub->signal(SIGKILL);
  EXPECT_EQ(hub->wait(), -SIGKILL);
  EXPECT_EQ(rounds_closed(), 1) << "the kill was to hit the middle of the round";
  hub = coordinator();
  EXPECT_EQ(hub->wait(), 0) << hub->err();
  EXPECT_EQ(east->wait(), 0) << east->err();
  EXPECT_EQ(west->wait(), 0) << west->err();
  EXPECT_THAT(hub->err(), testing::AllOf(HasSubstr("round 2 of 3: 2 of 2 sites"), testing::Not(HasSubstr("round 1 of 3"))));
  EXPECT_EQ(read_file(path("hub/model.safetensors")), undisturbed());
}

TEST_F(Kills, TheSupervisorOfASimulationStartsAgainWhatIsKilled) {
  Json sites_json = Json::array();
  for (const std::string& name : sites) sites_json.push_back({{"name", name}});
  write_json("simulation.json", {{"data", "data"}, {"sites", sites_json}, {"training", training()}});
  auto simulation = start({"simulate", path("simulation.json"), "--processes", "-o", path("run")});
  const auto shoot = [&](const std::string& name, std::int64_t after_round) {
    ASSERT_TRUE(wait_until([&] { return rounds_closed("run/federation/coordinator") == after_round; })) << simulation->err();
    kill(std::stoi(read_file(path("run/federation/" + name + ".pid"))), SIGKILL);
    EXPECT_EQ(rounds_closed("run/federation/coordinator"), after_round) << "the kill was to hit the middle of a round";
    ASSERT_TRUE(wait_until([&] { return says(*simulation, name + " was killed by signal 9; starting it again"); }))
        << simulation->err();
  };
  shoot("west", 1);
  shoot("coordinator", 2);
  EXPECT_EQ(simulation->wait(), 0) << simulation->err();
  EXPECT_EQ(read_file(path("run/models/federated.safetensors")), undisturbed());
}

}  // namespace
}  // namespace consilium
