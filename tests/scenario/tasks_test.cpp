#include "base/files.h"
#include "tests/scenario/tiny_federation.h"

// What a federation does beside training, with the programs that users start.
namespace consilium {
namespace {

class Tasks : public test::TinyFederation {
 protected:
  /// One federation of the given task to its end; the coordinator's folder is hub_TASK.
  void run_task(const std::string& task, Json hub) {
    hub["task"] = task;
    hub["folder"] = "hub_" + task;
    write_json("hub.json", hub);
    for (const std::string& name : sites) {
      Json site = site_settings(name);
      site["folder"] = "state_" + task + "/" + name;
      site["coordinator"] = "@hub_" + task + "/address";
      site["minimum_count"] = 2;
      if (name == "west") site["annotated"] = {"WT"};
      write_json(name + ".json", site);
    }
    const auto hub_process = coordinator(), a = site("east"), b = site("west");
    for (const auto& process : {a.get(), b.get(), hub_process.get()}) ASSERT_EQ(process->wait(100), 0) << process->err();
  }
};

TEST_F(Tasks, EvaluatePredictAndCountOverTheSameProtocol) {
  make({"east", "west"});
  Json hub = hub_settings();
  run_task("evaluate", hub);
  const Json evaluation = read_json(path("hub_evaluate/evaluation.json"));
  EXPECT_EQ(evaluation["mean"]["WT"]["cases"], 2);
  EXPECT_EQ(evaluation["mean"]["ET"]["cases"], 1);  // west's labels do not show it
  EXPECT_TRUE(fs::exists(path("state_evaluate/west/evaluation.json")));

  hub["all_cases"] = true;
  run_task("predict", hub);
  for (const Json& site : read_json(path("hub_predict/evaluation.json"))["sites"]) EXPECT_EQ(site["segmented"], 4);
  EXPECT_TRUE(fs::exists(path("state_predict/east/predictions/east_0.nii.gz")));

  hub.erase("initial_model");
  hub.erase("all_cases");
  hub["statistics"] = {{"channels", {"FLAIR"}}, {"bins", 32}};
  run_task("statistics", hub);
  const Json statistics = read_json(path("hub_statistics/statistics.json"));
  EXPECT_EQ(statistics["cases"], 8);
  EXPECT_GT(statistics["channels"]["FLAIR"]["voxels"], 1000);
}

}  // namespace
}  // namespace consilium
