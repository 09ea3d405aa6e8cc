#include "imaging/ops/orient.h"
#include "tests/scenario/tiny_federation.h"

namespace consilium {
namespace {

using testing::HasSubstr;

class EndToEnd : public test::TinyFederation {};

/// Do two images lie in the same place? Asked of nibabel, which nobody here wrote.
const char* const kSameAffine = R"(
import sys, nibabel, numpy
a, b = nibabel.load(sys.argv[1]), nibabel.load(sys.argv[2])
assert a.shape == b.shape, (a.shape, b.shape)
assert numpy.allclose(a.affine, b.affine, atol=1e-4), (a.affine, b.affine)
for image in (a, b):
    # A qform holds three float32 of a unit quaternion; near half a turn the fourth is lost. nibabel's own qform is off by 6.7e-4 for SPR.
    assert numpy.allclose(image.get_qform(), image.get_sform(), atol=1e-3)
labels = numpy.unique(numpy.asarray(a.dataobj))
assert set(labels) <= {0, 1, 2, 4}, labels
)";

TEST_F(EndToEnd, PhantomsAreLearntFromAndJudged) {
  const std::string source = CONSILIUM_SOURCE_DIR;
  ok({"phantom", "--profiles", source + "/sample_data/profiles/site_b.json", "-o", path("data"), "--cases", "2", "--held-out",
      "1", "--scale", "2"});
  Json settings{{"sites", {{{"name", "b"}, {"folder", "data/site_b"}}}}, {"training", test::tiny_training(8, 2)}};
  settings["training"]["normalise"] = {{"channels", {"T1", "T1ce", "T2", "FLAIR"}}, {"spacing_mm", {5, 5, 5}}};
  settings["training"]["fit"]["patch"] = {16, 16, 16};
  write_json("train.json", settings);
  const auto trained = run({"train", path("train.json"), "-o", path("run"), "--json"});
  ASSERT_EQ(trained.code, 0) << trained.err;
  const Json summary = parse_json(trained.out, "train");
  EXPECT_EQ(summary["curve"].size(), 2U);
  ASSERT_TRUE(fs::exists(summary["model"].get<std::string>()));

  const auto predicted = run({"predict", "-m", path("run/model.safetensors"), path("data/site_b/test"), "-o", path("out"),
                              "--scheme", "brats2021", "--json"});
  ASSERT_EQ(predicted.code, 0) << predicted.err;
  const Json cases = parse_json(predicted.out, "predict")["cases"];
  ASSERT_EQ(cases.size(), 1U);
  const std::string name = cases[0]["case"], folder_of_case = path("data/site_b/test/" + name);
  EXPECT_EQ(cases[0]["output"], path("out/" + name + ".nii.gz"));
  const auto geometry = test::run_program(
      {"/usr/bin/python3", "-c", kSameAffine, path("out/" + name + ".nii.gz"), folder_of_case + "/" + name + "-t1n.nii.gz"});
  EXPECT_EQ(geometry.code, 0) << geometry.err;

  // The reference as evaluate wants it: one folder, named as the predictions, in their scheme.
  LabelMap reference = imaging::read_nifti_labels(folder_of_case + "/" + name + "-seg.nii.gz");
  for (Label& label : reference.labels) label = label == 3 ? 4 : label;
  imaging::write_nifti(path("references/" + name + ".nii.gz"), reference);
  const auto judged =
      run({"evaluate", "--reference", path("references"), "--prediction", path("out"), "--scheme", "brats2021", "--json", "-"});
  ASSERT_EQ(judged.code, 0) << judged.err;
  const Json regions = parse_json(judged.out, "evaluate")["cases"][0]["regions"];
  ASSERT_EQ(regions.size(), 3U);
  for (const Json& region : regions) EXPECT_GE(region["dice"].get<double>(), 0) << region;
}

TEST_F(EndToEnd, APredictionLiesOnTheScannersGridHoweverItIsTurned) {
  test::write_tiny_site(path("data/east"), "east", 2, 0, 1);
  write_json("train.json", {{"sites", {{{"name", "east"}, {"folder", "data/east"}}}}, {"training", test::tiny_training(2, 1)}});
  ok({"train", path("train.json"), "-o", path("run")});
  const double a = 0.2;
  const Geometry oblique{{14, 18, 16},
                         {2.1, 1.7, 2.3},
                         {13, -18, -16},
                         {{{-std::cos(a), 0, std::sin(a)}, {0, 1, 0}, {std::sin(a), 0, std::cos(a)}}}};
  for (const char* code : {"LPS", "RAS", "SPR", "AIL"}) {
    auto patient = test::tiny_patient(5, oblique);
    patient.t1ce = imaging::orient(patient.t1ce, code);
    test::write_tiny_case(path("scans/turned_" + std::string(code)), patient);
  }
  ok({"predict", "-m", path("run/model.safetensors"), path("scans"), "-o", path("out"), "--scheme", "brats2021"});
  for (const char* code : {"LPS", "RAS", "SPR", "AIL"}) {
    const std::string name = "turned_" + std::string(code);
    const auto geometry = test::run_program({"/usr/bin/python3", "-c", kSameAffine, path("out/" + name + ".nii.gz"),
                                             path("scans/" + name + "/" + name + "-t1c.nii.gz")});
    EXPECT_EQ(geometry.code, 0) << code << geometry.err;
  }
}

TEST_F(EndToEnd, AFederationOverMutualTlsLeavesItsModelEverywhere) {
  make({"east", "west"}, training(2, 3));
  auto hub = coordinator();
  auto east = site("east"), west = site("west");
  ASSERT_EQ(hub->wait(), 0) << hub->err();
  ASSERT_EQ(east->wait(), 0) << east->err();
  ASSERT_EQ(west->wait(), 0) << west->err();
  EXPECT_THAT(hub->out(), HasSubstr("3 rounds closed, best model after round"));
  EXPECT_EQ(east->out(), path("state/east/model.safetensors") + "\n");
  // What came out of it predicts, at the coordinator and at the sites alike.
  std::vector<std::string> predictions;
  for (const char* owner : {"hub", "state/east", "state/west"}) {
    const std::string out = path("out/" + std::to_string(predictions.size()));
    ok({"predict", "-m", path(std::string(owner) + "/model.safetensors"), path("data/east/test"), "-o", out});
    predictions.push_back(read_file(out + "/east_3.nii.gz"));
    EXPECT_EQ(predictions.back(), predictions.front()) << owner;
  }
  // Whoever comes after the end gets the model too.
  fs::remove(path("hub/address"));
  hub = coordinator();
  Json late = site_settings("west");
  late["folder"] = "state/late";
  write_json("late.json", late);
  ok({"join", path("late.json")});
  EXPECT_EQ(read_file(path("state/late/model.safetensors")), read_file(path("hub/model.safetensors")));
}

TEST_F(EndToEnd, CrossValidationJudgesEveryCaseOnce) {
  for (const char* name : {"east", "west"}) test::write_tiny_site(path(std::string("data/") + name), name, 3, 0, name[0]);
  write_json("simulation.json",
             {{"data", "data"}, {"sites", {{{"name", "east"}}, {{"name", "west"}}}}, {"training", training(1, 2)}, {"folds", 3}});
  const auto outcome = run({"simulate", path("simulation.json"), "-o", path("run"), "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json results = parse_json(outcome.out, "simulate");
  std::map<std::string, int> judged;
  for (const Json& c : results["cases"]) ++judged[c["model"].get<std::string>() + "/" + c["case"].get<std::string>()];
  EXPECT_EQ(judged.size(), 4U * 6U);
  for (const auto& [key, count] : judged) EXPECT_EQ(count, 1) << key;
}

}  // namespace
}  // namespace consilium
