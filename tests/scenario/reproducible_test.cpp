#include <map>

#include "tests/scenario/tiny_federation.h"
#include "tests/support/timeless.h"

namespace consilium {
namespace {

class Reproducible : public test::TinyFederation {
 protected:
  Reproducible() {
    for (const char* name : {"east", "west"}) test::write_tiny_site(path(std::string("data/") + name), name, 3, 1, name[0]);
    write_json("simulation.json",
               {{"data", "data"}, {"sites", {{{"name", "east"}}, {{"name", "west"}}}}, {"training", training(2, 6)}});
    write_json("train.json", {{"sites", {{{"name", "east"}, {"folder", "data/east"}}}}, {"training", training(2, 6)}});
  }

  /// Every file that ends so, by its path in the run.
  std::map<std::string, std::string> files(const std::string& run, const std::string& ending) const {
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(path(run)))
      if (entry.is_regular_file() && entry.path().string().ends_with(ending))
        found[fs::relative(entry.path(), path(run)).string()] = read_file(entry.path());
    return found;
  }
  void simulate(const std::string& run, std::vector<std::string> options) const {
    const std::vector<std::string> words{"simulate", path("simulation.json"), "-o", path(run)};
    options.insert(options.begin(), words.begin(), words.end());
    ok(options);
  }
};

TEST_F(Reproducible, TwoTrainingsWithOneThreadAndOneSeedAreTheSameBytes) {
  for (const char* run : {"a", "b"}) ok({"train", path("train.json"), "-o", path(run), "--threads", "1", "--seed", "3"});
  EXPECT_EQ(read_file(path("a/model.safetensors")), read_file(path("b/model.safetensors")));
  ok({"train", path("train.json"), "-o", path("c"), "--threads", "1", "--seed", "4"});
  EXPECT_NE(read_file(path("a/model.safetensors")), read_file(path("c/model.safetensors")));
}

TEST_F(Reproducible, TwoSimulationsWithOneThreadAndOneSeedAreTheSameBytes) {
  simulate("a", {"--threads", "1"});
  simulate("b", {"--threads", "1"});
  const auto models = files("a/models", ".safetensors"), predictions = files("a/predictions", ".nii.gz");
  for (const char* name : {"east.safetensors", "west.safetensors", "pooled.safetensors", "federated.safetensors"})
    EXPECT_TRUE(models.contains(name)) << name;
  EXPECT_EQ(models, files("b/models", ".safetensors"));
  EXPECT_EQ(predictions.size(), 4U * 2U);  // four models, one test case at each of two sites
  EXPECT_EQ(predictions, files("b/predictions", ".nii.gz"));
}

TEST_F(Reproducible, ThreadsAndProcessesGiveTheSameModels) {
  simulate("threads", {});
  simulate("processes", {"--processes"});
  EXPECT_EQ(read_file(path("threads/models/federated.safetensors")), read_file(path("processes/models/federated.safetensors")));
  EXPECT_EQ(files("threads/predictions", ".nii.gz"), files("processes/predictions", ".nii.gz"));
  // The results tell the same but for the time that it took.
  EXPECT_EQ(test::timeless(read_json(path("threads/results.json"))), test::timeless(read_json(path("processes/results.json"))));
}

TEST_F(Reproducible, AFinishedSimulationIsReadNotRepeated) {
  simulate("a", {});
  const auto before = files("a", "");
  simulate("a", {});
  auto after = files("a", "");
  EXPECT_EQ(after.size(), before.size());
  for (const auto& [name, bytes] : before) {
    if (name == "results.json" || name.find("run.sqlite") != std::string::npos) continue;
    EXPECT_EQ(after[name], bytes) << name;
  }
}

}  // namespace
}  // namespace consilium
