#include "models/state/safetensors.h"
#include "tests/scenario/tiny_federation.h"

namespace consilium {
namespace {

using testing::HasSubstr;

/// A model from elsewhere, of which a federation trains a few tensors: `--start` and `training.trainable`.
class FineTuning : public test::TinyFederation {
 protected:
  FineTuning() {
    for (const char* name : {"east", "west"}) test::write_tiny_site(path(std::string("data/") + name), name, 3, 1, name[0]);
    test::write_tiny_site(path("public"), "q", 3, 1, 55);
    write_json("public.json", {{"sites", {{{"name", "public"}, {"folder", "public"}}}}, {"training", training(2, 6)}});
    Json few = training(2, 6);
    few["trainable"] = {"output_block.*"};
    write_json("fine.json", {{"training", few}});
    write_json("simulation.json", {{"data", "data"}, {"sites", {{{"name", "east"}}, {{"name", "west"}}}}, {"models", {"federated"}}, {"training", few}});
    ok({"train", path("public.json"), "-o", path("elsewhere"), "--threads", "1"});
  }
  std::string start() const { return path("elsewhere/model.safetensors"); }
};

TEST_F(FineTuning, ThreadsAndProcessesTrainTheNamedTensorsOfTheModelAndNoOther) {
  ok({"simulate", path("simulation.json"), "--start", start(), "-o", path("threads")});
  ok({"simulate", path("simulation.json"), "--start", start(), "-o", path("processes"), "--processes"});
  EXPECT_EQ(read_file(path("threads/models/federated.safetensors")), read_file(path("processes/models/federated.safetensors")));
  const ModelFile before = read_safetensors(start()), after = read_safetensors(path("threads/models/federated.safetensors"));
  ASSERT_EQ(before.state.tensors.size(), after.state.tensors.size());
  for (std::size_t n = 0; n < before.state.tensors.size(); ++n) {
    const NamedTensor &was = before.state.tensors[n], &is = after.state.tensors[n];
    EXPECT_EQ(was.values != is.values, was.name.starts_with("output_block.")) << was.name;
  }
  EXPECT_EQ(read_json(path("threads/settings.json"))["training"]["start_digest"], digest(before.state)) << "what it began with is part of the run";
}

TEST_F(FineTuning, ARunGoesOnFromItsOwnStartOnly) {
  ok({"simulate", path("simulation.json"), "--start", start(), "-o", path("run")});
  const auto other = run({"simulate", path("simulation.json"), "-o", path("run")});
  EXPECT_EQ(other.code, 6);
  EXPECT_THAT(other.err, HasSubstr("other settings"));
}

/// A coordinator's start: the weights of one file, the training of the other.
TEST_F(FineTuning, AnInitialModelTakesWeightsFromElsewhere) {
  ok({"train", path("fine.json"), "--start", start(), "--initial", "-o", path("start")});
  EXPECT_EQ(digest(read_safetensors(path("start/initial.safetensors")).state), digest(read_safetensors(start()).state));
  const auto missing = run({"train", path("fine.json"), "--start", path("none.safetensors"), "--initial", "-o", path("start")});
  EXPECT_EQ(missing.code, 3);
  EXPECT_THAT(missing.err, HasSubstr("none.safetensors"));
}

}  // namespace
}  // namespace consilium
