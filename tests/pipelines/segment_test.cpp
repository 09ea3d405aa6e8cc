#include "pipelines/segment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/files.h"
#include "imaging/ops/orient.h"
#include "models/runtime.h"
#include "models/state/safetensors.h"
#include "pipelines/train_model.h"
#include "tests/support/refusal.h"
#include "tests/support/tiny_site.h"
#include "tests/support/tiny_training.h"

namespace consilium::pipelines {
namespace {

using test::refusal;
using testing::HasSubstr;

TrainingSettings tiny() { return parse_training_settings(test::tiny_training(), "tiny"); }

TEST(ModelFile, AModelComesBackWithItsSettings) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "model.safetensors";
  const ModelState state = initial_model(tiny()).state();
  write_model(file, state, tiny());
  const LoadedModel loaded = read_model(file);
  EXPECT_EQ(loaded.segmenter.state(), state);
  EXPECT_EQ(to_json(loaded.settings), to_json(tiny()));
  const std::string bytes = read_file(file);
  write_model(file, loaded.segmenter.state(), loaded.settings);
  EXPECT_EQ(read_file(file), bytes);
}

TEST(ModelFile, WrongFilesAreRefusedWithWhatIsWrong) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "model.safetensors";
  const ModelState state = initial_model(tiny()).state();
  const auto refused = [&](ErrorCode code) { return refusal(code, [&] { read_model(file); }); };
  EXPECT_THAT(refused(ErrorCode::kNotFound), HasSubstr("model.safetensors"));
  write_file(file, "scan");
  EXPECT_THAT(refused(ErrorCode::kCorruptData), HasSubstr("model.safetensors"));
  write_safetensors(file, state);
  EXPECT_THAT(refused(ErrorCode::kUnsupported), HasSubstr("expected a model that consilium wrote"));
  write_safetensors(file, state, {{"consilium.training", "{"}});
  EXPECT_THAT(refused(ErrorCode::kCorruptData), HasSubstr("consilium.training"));
  Json other = test::tiny_training();
  other["model"]["filters"] = {4, 6};
  write_model(file, state, parse_training_settings(other, "other"));
  EXPECT_THAT(refused(ErrorCode::kMismatch), HasSubstr("another shape"));
  // Settings of a network of billions of weights around a file of a few thousand: nothing is allocated.
  other["model"]["filters"] = {2048, 2048, 2048, 2048, 2048, 2048};
  other["fit"]["patch"] = {32, 32, 32};
  write_model(file, state, parse_training_settings(other, "other"));
  EXPECT_THAT(refused(ErrorCode::kMismatch), HasSubstr("weights"));
  const std::string bytes = read_file(file);
  write_file(file, std::string_view(bytes).substr(0, bytes.size() / 2));
  refused(ErrorCode::kCorruptData);
}

/// A prepared case whose labels come from `patient`.
PreparedCase prepared(const test::TinyPatient& patient, const fs::path& folder, const TrainingSettings& settings) {
  test::write_tiny_case(folder / "p", patient);
  return prepare_site(folder, settings, imaging::label_scheme("brats2023")).at(0);
}

TEST(Segment, APredictionLiesOnTheGridOfTheScan) {
  models::configure_torch(1);
  const TemporaryFolder folder;
  auto patient = test::tiny_patient(3);
  patient.t1ce = imaging::orient(patient.t1ce, "SRA");
  patient.flair = imaging::orient(patient.flair, "PIL");
  patient.labels = imaging::orient(patient.labels, "SRA");
  const PreparedCase c = prepared(patient, folder.path(), tiny());
  const LabelMap labels = segment(initial_model(tiny()), c, tiny());
  EXPECT_TRUE(same_grid(labels.geometry, patient.t1ce.geometry, 1e-4));
  EXPECT_EQ(labels.labels.size(), voxel_count(labels.geometry));
  EXPECT_LT(*std::max_element(labels.labels.begin(), labels.labels.end()), 4);
  EXPECT_EQ(segment(initial_model(tiny()), c, tiny()), labels);
}

TEST(Segment, OverlappingRegionsBecomeClassesThatNest) {
  models::configure_torch(1);
  const TemporaryFolder folder;
  Json json = test::tiny_training();
  json["fit"]["regions"] = true;
  const TrainingSettings settings = parse_training_settings(json, "regions");
  const PreparedCase c = prepared(test::tiny_patient(3), folder.path(), settings);
  // Three outputs that do not depend on the image: only the biases of the last layer count.
  const auto with_biases = [&](float wt, float tc, float et) {
    ModelState state = initial_model(settings).state();
    for (NamedTensor& tensor : state.tensors) {
      if (!tensor.name.starts_with("output_block")) continue;
      std::fill(tensor.values.begin(), tensor.values.end(), 0.0F);
      if (tensor.name.ends_with("bias")) tensor.values = {wt, tc, et};
    }
    const LabelMap labels = segment(to_segmenter(settings, state), c, settings);
    return labels.labels[voxel_count(labels.geometry) / 2];  // well inside
  };
  EXPECT_EQ(with_biases(-4, -4, -4), 0);
  EXPECT_EQ(with_biases(4, -4, -4), 2);  // whole tumour without core: oedema
  EXPECT_EQ(with_biases(4, 4, -4), 1);   // core that does not enhance
  EXPECT_EQ(with_biases(4, 4, 4), 3);
  EXPECT_EQ(with_biases(-4, 4, 4), 0);  // no core outside of the tumour
}

TEST(Segment, ScoresAreThoseOfTheReference) {
  models::configure_torch(1);
  const TemporaryFolder folder;
  const PreparedCase c = prepared(test::tiny_patient(3), folder.path(), tiny());
  const auto perfect = score(*c.reference, c, Target::kBratsRegions);
  ASSERT_EQ(perfect.size(), 3U);
  for (const RegionScore& region : perfect) {
    EXPECT_DOUBLE_EQ(region.dice, 1);
    EXPECT_DOUBLE_EQ(region.hd95_mm, 0);
  }
  EXPECT_EQ(perfect[0].region, "WT");
  PreparedCase unknown = c;
  unknown.reference.reset();
  EXPECT_THAT(refusal(ErrorCode::kNotFound, [&] { score(*c.reference, unknown, Target::kBratsRegions); }), HasSubstr("case p"));
  EXPECT_EQ(validation_score(initial_model(tiny()), {}, tiny()), 0);
}

TEST(Segment, ATrainedNetworkFindsATumourItHasNotSeen) {
  const TemporaryFolder folder;
  test::write_tiny_site(folder.path() / "site", "p", 4, 1, 20);
  TrainingSettings settings = parse_training_settings(test::tiny_training(120, 1), "tiny");
  settings.target = Target::kWholeTumour;
  settings.model.out_channels = 2;
  settings.fit.patch = {16, 16, 16};
  const auto cases = prepare_site(folder.path() / "site", settings, imaging::label_scheme("brats2023"));
  const SiteSplit split = split_by_folders(cases, "site", settings);
  const TrainedModel model = train_model("site", {{"site", split.train, split.validation}}, settings, folder.path() / "run");
  const models::Segmenter segmenter = to_segmenter(settings, model.best);
  const auto scores = score(segment(segmenter, *split.test.at(0), settings), *split.test.at(0), settings.target);
  EXPECT_GT(scores.at(0).dice, 0.6);
  EXPECT_EQ(scores.at(0).region, "WT");
}

}  // namespace
}  // namespace consilium::pipelines
