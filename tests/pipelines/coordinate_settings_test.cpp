#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "models/state/clusters.h"
#include "models/state/safetensors.h"
#include "pipelines/coordinate.h"
#include "pipelines/initial_model_file.h"
#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

using test::refusal;
using testing::HasSubstr;

Json valid() {
  return {{"keys", "keys"}, {"initial_model", "initial.safetensors"}, {"folder", "run"}, {"sites", {"east", "west"}}};
}

std::string refused(const std::string& key, const Json& value) {
  Json json = valid();
  json[key] = value;
  return refusal(ErrorCode::kUsage, [&] { parse_coordinate_settings(json, "hub.json", "/srv"); });
}

TEST(CoordinateSettings, RelativePathsAreTakenFromTheFile) {
  const CoordinateSettings settings = parse_coordinate_settings(valid(), "hub.json", "/srv");
  EXPECT_EQ(settings.keys, "/srv/keys");
  EXPECT_EQ(settings.initial_model, "/srv/initial.safetensors");
  EXPECT_EQ(settings.folder, "/srv/run");
  EXPECT_EQ(to_json(parse_coordinate_settings(to_json(settings), "again", "/")), to_json(settings));
}

TEST(CoordinateSettings, WrongOnesAreRefusedByName) {
  for (const char* key : {"keys", "initial_model", "folder", "sites"}) {
    Json json = valid();
    json.erase(key);
    EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { parse_coordinate_settings(json, "hub.json", "/"); }),
                testing::AllOf(HasSubstr("hub.json"), HasSubstr(key), HasSubstr("missing")));
    EXPECT_THAT(refused(key, 5), HasSubstr(std::string("hub.json.") + key));
  }
  EXPECT_THAT(refused("deadline", 5), HasSubstr("did you mean \"deadline_seconds\""));
  EXPECT_THAT(refused("schema", "consilium.site/1"), HasSubstr("consilium.coordinator/1"));
  EXPECT_THAT(refused("sites", Json::array()), HasSubstr("hub.json.sites"));
  EXPECT_THAT(refused("sites", {"east", "east"}), HasSubstr("twice"));
  EXPECT_THAT(refused("quorum", 3), HasSubstr("hub.json.quorum"));
  EXPECT_THAT(refused("quorum", -1), HasSubstr("hub.json.quorum"));
  EXPECT_THAT(refused("deadline_seconds", -1), HasSubstr("hub.json.deadline_seconds"));
  EXPECT_THAT(refused("linger_seconds", -1), HasSubstr("hub.json.linger_seconds"));
  EXPECT_THAT(refused("metrics_listen", "9464"), testing::AllOf(HasSubstr("hub.json.metrics_listen"), HasSubstr("host:port")));
  EXPECT_THAT(refused("listen", "localhost"), testing::AllOf(HasSubstr("hub.json.listen"), HasSubstr("host:port")));
  EXPECT_THAT(refused("enrolment", "7444"), testing::AllOf(HasSubstr("hub.json.enrolment"), HasSubstr("host:port")));
  EXPECT_THAT(refused("name", "a b"), HasSubstr("hub.json.name"));
}

TEST(CoordinateSettings, StatisticsNeedNoModelAndTakeNone) {
  Json json = valid();
  json["task"] = "statistics";
  json["statistics"] = {{"channels", {"FLAIR"}}, {"bins", 16}};
  const auto refused_now = [&] { return refusal(ErrorCode::kUsage, [&] { parse_coordinate_settings(json, "hub.json", "/srv"); }); };
  EXPECT_THAT(refused_now(), HasSubstr("start from no model"));
  json.erase("initial_model");
  const CoordinateSettings settings = parse_coordinate_settings(json, "hub.json", "/srv");
  EXPECT_EQ(settings.statistics.channels, std::vector<std::string>{"FLAIR"});
  EXPECT_EQ(to_json(parse_coordinate_settings(to_json(settings), "again", "/")), to_json(settings));
  json["aggregation"] = {{"rule", "fedadam"}};
  EXPECT_THAT(refused_now(), HasSubstr("hub.json.aggregation"));
  json.erase("aggregation");
  json["statistics"]["bins"] = 1;
  EXPECT_THAT(refused_now(), HasSubstr("hub.json.statistics.bins"));
  EXPECT_THAT(refused("task", "mine"), HasSubstr("hub.json.task"));
}

TEST(Coordinate, AModelThatSaysNothingOfItsTrainingIsRefused) {
  const TemporaryFolder folder;
  const ModelState state{{{"w", "trunk", {1}, {1}}}};
  CoordinateSettings settings = parse_coordinate_settings(valid(), "hub.json", folder.path());
  EXPECT_THAT(refusal(ErrorCode::kNotFound, [&] { coordinate(settings); }), HasSubstr("initial.safetensors"));
  write_safetensors(settings.initial_model, state);
  EXPECT_THAT(refusal(ErrorCode::kUnsupported, [&] { coordinate(settings); }), HasSubstr("consilium.training"));
  write_safetensors(settings.initial_model, state, {{"consilium.training", "{\"rounds\":"}});
  EXPECT_THAT(refusal(ErrorCode::kCorruptData, [&] { coordinate(settings); }), HasSubstr("not valid JSON"));
  write_safetensors(settings.initial_model, state, {{"consilium.training", "{\"rounds\": \"many\"}"}});
  EXPECT_THAT(refusal(ErrorCode::kUnsupported, [&] { coordinate(settings); }), HasSubstr("rounds"));
  write_file(settings.initial_model, "no safetensors");
  refusal(ErrorCode::kCorruptData, [&] { coordinate(settings); });
}

TEST(Coordinate, AModelOfAnotherNumberOfClustersThanItsTrainingAsksForIsRefused) {
  const TemporaryFolder folder;
  const ModelState plain{{{"w", "trunk", {1}, {1}}}};
  const ModelState two = join_clusters(std::vector<ModelState>{plain, plain}, std::vector<std::size_t>{0});
  CoordinateSettings settings = parse_coordinate_settings(valid(), "hub.json", folder.path());
  const auto refusal_of = [&](ErrorCode code, const ModelState& model, const Json& training) {
    write_safetensors(settings.initial_model, model, {{"consilium.training", training.dump()}});
    return refusal(code, [&] { coordinate(settings); });
  };
  const Json asks_for_two{{"rounds", 3}, {"clusters", {{"count", 2}}}};
  EXPECT_THAT(refusal_of(ErrorCode::kMismatch, plain, asks_for_two), HasSubstr("holds the models of 0 clusters, and its training settings ask for 2"));
  EXPECT_THAT(refusal_of(ErrorCode::kMismatch, two, {{"rounds", 3}}), HasSubstr("holds the models of 2 clusters, and its training settings ask for 0"));
  settings.federation.compression.codec = fl::Codec::kTopK;
  EXPECT_THAT(refusal_of(ErrorCode::kUsage, two, asks_for_two), HasSubstr("coordinator.compression: error feedback"));
  settings.task = FederationTask::kEvaluate;
  EXPECT_THAT(refusal_of(ErrorCode::kMismatch, two, asks_for_two), HasSubstr("use one of them, ..._cluster_K.safetensors"));
}

TEST(Coordinate, TrainingSettingsThatChangedSinceTheStartAreRefused) {
  const TemporaryFolder folder;
  EXPECT_THAT(refusal(ErrorCode::kNotFound, [&] { ready_initial_model(folder.path() / "training.json", folder.path() / "run"); }), HasSubstr("training.json"));
  write_file(folder.path() / "training.json", "{}");
  write_file(folder.path() / "run/start/training.json", "{}");
  EXPECT_EQ(ready_initial_model(folder.path() / "training.json", folder.path() / "run"), folder.path() / "run/start/initial.safetensors") << "made once";
  write_file(folder.path() / "training.json", "{\"training\": {}}");
  EXPECT_THAT(refusal(ErrorCode::kMismatch, [&] { ready_initial_model(folder.path() / "training.json", folder.path() / "run"); }), HasSubstr("differs from the settings"));
  EXPECT_EQ(ready_initial_model("model.safetensors", folder.path()), "model.safetensors");
}

}  // namespace
}  // namespace consilium::pipelines
