#include "pipelines/predict_case.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/files.h"
#include "base/rng.h"
#include "imaging/dicom/header.h"
#include "imaging/dicom/write_series.h"
#include "pipelines/segment.h"
#include "tests/support/refusal.h"
#include "tests/support/tiny_site.h"

namespace consilium::pipelines {
namespace {

using test::refusal;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// CT with an encoder, T1ce and FLAIR with another.
TrainingSettings two_modalities() {
  return parse_training_settings(parse_json(R"({
    "target": "whole_tumour",
    "normalise": {"channels": ["CT", "T1ce", "FLAIR"], "missing": "absent", "crop": false},
    "model": {"filters": [4, 8], "multimodal": {"modalities": [{"name": "CT", "channels": 1}, {"name": "MR", "channels": 2}]}},
    "fit": {"patch": [16, 16, 16]}, "steps": 2, "rounds": 1, "overlap": 0})",
                                            "test"),
                                "test");
}

PreparedCase prepared(const fs::path& folder, const TrainingSettings& settings, bool with_ct, bool with_flair = true) {
  const auto patient = test::tiny_patient(3);
  imaging::write_nifti(folder / "p" / "p-t1c.nii.gz", patient.t1ce);
  if (with_flair) imaging::write_nifti(folder / "p" / "p-t2f.nii.gz", patient.flair);
  if (with_ct) imaging::write_nifti(folder / "p" / "p-ct.nii.gz", patient.flair);
  imaging::write_nifti(folder / "p" / "p-seg.nii.gz", patient.labels);
  return prepare(find_cases(folder).at(0), settings, imaging::label_scheme("brats2023"), {.with_labels = false});
}

TEST(PredictCase, SaysWhichImagesItWasMadeFromAndHowSureItIs) {
  const TrainingSettings settings = two_modalities();
  const models::Segmenter segmenter(settings.model, Rng(2));
  const TemporaryFolder folder;
  const PreparedCase without_ct = prepared(folder.path(), settings, false);
  EXPECT_FALSE(without_ct.reference.has_value()) << "labels beside the case do not count";
  const CasePrediction prediction = predict_case(segmenter, without_ct, settings);
  const Json json = to_json(prediction, without_ct, settings, {"abc", "p.nii.gz", "binary"});
  EXPECT_EQ(json.at("schema"), "consilium.prediction/1");
  EXPECT_EQ(json.at("model"), "abc");
  EXPECT_EQ(json.at("channels").at(0), (Json{{"channel", "CT"}, {"used", false}}));
  EXPECT_EQ(json.at("channels").at(1), (Json{{"channel", "T1ce"}, {"used", true}, {"evidence", "file name"}}));
  ASSERT_EQ(json.at("confidence").size(), 1U);
  EXPECT_EQ(json.at("confidence").at(0).at("region"), "WT");
  for (const auto& [name, gate] : prediction.gates) {
    EXPECT_THAT(name, testing::StartsWith("MR."));
    EXPECT_NEAR(gate, 1, 1e-5) << "alone it has all the weight";
  }
  EXPECT_FALSE(prediction.gates.empty());
  EXPECT_THAT(to_text(prediction, without_ct, settings), AllOf(HasSubstr("made from T1ce, FLAIR; without CT"), HasSubstr("share in the fusion: MR 1.00")));
}

TEST(PredictCase, AnAbsentImageIsNotLookedAt) {
  const TrainingSettings settings = two_modalities();
  const models::Segmenter segmenter(settings.model, Rng(2));
  const TemporaryFolder folder;
  PreparedCase lacking = prepared(folder.path(), settings, false);
  const LabelMap before = segment(segmenter, lacking, settings);
  const auto probabilities = class_probabilities(segmenter, lacking, settings);
  std::fill(lacking.sample.image.begin(), lacking.sample.image.begin() + static_cast<std::ptrdiff_t>(lacking.sample.image.size() / 3), 7.0F);
  EXPECT_EQ(class_probabilities(segmenter, lacking, settings), probabilities);
  EXPECT_EQ(segment(segmenter, lacking, settings).labels, before.labels);
}

TEST(PredictCase, GatesOfAllThatIsThereAddUpToOneAtEachLevel) {
  const TrainingSettings settings = two_modalities();
  const models::Segmenter segmenter(settings.model, Rng(2));
  const TemporaryFolder folder;
  const auto gates = predict_case(segmenter, prepared(folder.path(), settings, true), settings).gates;
  EXPECT_NEAR(gates.at("CT.0") + gates.at("MR.0"), 1, 1e-5);
}

TEST(PredictCase, AModalityThatLacksOneOfItsChannelsIsNotUsed) {
  const TrainingSettings settings = two_modalities();
  const TemporaryFolder folder, other;
  const PreparedCase half = prepared(folder.path(), settings, true, false);
  EXPECT_EQ(half.has, (std::vector<bool>{true, true, false}));
  EXPECT_EQ(half.sample.present, (std::vector<bool>{true, false, false}));
  const models::Segmenter segmenter(settings.model, Rng(2));
  EXPECT_THAT(to_text(predict_case(segmenter, half, settings), half, settings), HasSubstr("made from CT; without T1ce, FLAIR"));
  EXPECT_THAT(refusal(ErrorCode::kNotFound, [&] { prepared(other.path(), settings, false, false); }), AllOf(HasSubstr("case p"), HasSubstr("no modality of which all channels are there")));
}

TEST(PredictCase, ANetworkOfModalitiesTakesWhatIsThereHoweverItWasTrained) {
  TrainingSettings settings = two_modalities();
  settings.normalise.missing = Missing::kRefuse;
  EXPECT_EQ(settings_to_predict(settings).normalise.missing, Missing::kAbsent);
  settings.model.multimodal.modalities.clear();
  EXPECT_EQ(settings_to_predict(settings).normalise.missing, Missing::kRefuse);
}

TEST(PredictCase, ADicomCaseNamesTheSeriesThatGaveItsGrid) {
  TrainingSettings settings = two_modalities();
  settings.normalise.channels = {"T1"};
  settings.model = {};
  const TemporaryFolder folder;
  imaging::StudyTags study;
  study.uid_name = "head";
  imaging::SeriesTags series;
  imaging::MrTags mr;
  mr.tr_ms = 520, mr.te_ms = 14;
  series.modality = mr, series.description = "t1_se";
  const auto written = imaging::write_dicom_series(folder.path() / "p" / "dicom" / "1", test::tiny_patient(1).t1ce, study, series);
  const PreparedCase ready = prepare(find_cases(folder.path()).at(0), settings, imaging::label_scheme("brats2023"), {.with_labels = false});
  EXPECT_EQ(ready.reference_series, imaging::read_dicom_header(written.files[0]).series_uid);
  EXPECT_THAT(ready.evidence.at("T1"), HasSubstr("t1_se"));
}

TEST(PredictCase, APlainNetworkHasNoGates) {
  TrainingSettings settings = two_modalities();
  settings.model.multimodal.modalities.clear();
  settings.normalise.missing = Missing::kZero;
  const TemporaryFolder folder;
  const PreparedCase ready = prepared(folder.path(), settings, false);
  const CasePrediction prediction = predict_case(models::Segmenter(settings.model, Rng(2)), ready, settings);
  EXPECT_TRUE(prediction.gates.empty());
  EXPECT_THAT(to_text(prediction, ready, settings), AllOf(HasSubstr("without CT"), Not(HasSubstr("share"))));
}

}  // namespace
}  // namespace consilium::pipelines
