#include "pipelines/align_case.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <variant>

#include "base/files.h"
#include "base/rng.h"
#include "imaging/dicom/write_series.h"
#include "imaging/nifti/nifti.h"
#include "imaging/phantom/acquire.h"
#include "imaging/vec3.h"
#include "pipelines/ingest.h"
#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

using imaging::RigidTransform;
using test::refusal;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const imaging::LabelScheme& scheme() { return imaging::label_scheme("brats2023"); }

/// A head in a PET-CT and, lying differently, in an MR scanner with an origin of its own.
struct TwoScanners {
  Volume ct, pet, mr;
  LabelMap labels;           ///< drawn on the MR
  RigidTransform to_mr;      ///< where a place of the CT is in the MR's space
};

TwoScanners two_scanners() {
  Rng rng(3);
  const imaging::Head head = imaging::make_head({.spacing_mm = 2.5, .tumour = {}}, rng);
  const double degree = std::numbers::pi / 180;
  const RigidTransform to_mr = imaging::turned({4 * degree, -3 * degree, 6 * degree}, {0, 0, 0}, {-8, 6, 30});
  const Geometry grid = imaging::acquisition_grid(imaging::SliceOrientation::kAxial, {4, 4, 4}, {168, 208, 156}, 0);
  const Geometry over_mr = imaging::acquisition_grid(imaging::SliceOrientation::kAxial, {3.5, 3.5, 5}, {168, 208, 156}, 0);
  TwoScanners result;
  result.to_mr = to_mr;
  result.ct = imaging::acquire(head, {.modality = imaging::PhantomModality::kCt, .grid = grid, .sequence = {}}, rng);
  result.pet = imaging::acquire(head, {.modality = imaging::PhantomModality::kPet, .grid = grid, .sequence = {}}, rng);
  // The MR's own space: its grid there, and the patient placed by to_mr.
  Geometry mr_grid = over_mr;
  mr_grid.origin_mm[2] += 30;
  const Geometry in_ct_space = imaging::placed(mr_grid, imaging::inverse(to_mr));
  result.mr = imaging::acquire(head, {.modality = imaging::PhantomModality::kMr, .grid = in_ct_space, .sequence = {.tr_ms = 520, .te_ms = 14}}, rng);
  result.labels = imaging::truth_on_grid(head, in_ct_space);
  result.mr.geometry = result.labels.geometry = mr_grid;
  return result;
}

Case case_of(const TwoScanners& s) {
  return {.name = "patient", .images = {{"CT", s.ct}, {"PET", s.pet}, {"MR", s.mr}}, .labels = s.labels, .frames = {{"CT", "a"}, {"PET", "a"}, {"MR", "b"}, {"labels", "b"}}};
}

imaging::StudyTags study_named(const std::string& name) {
  imaging::StudyTags study;
  study.uid_name = name;
  return study;
}

imaging::SeriesTags series_of(int number, const std::string& description, std::variant<imaging::MrTags, imaging::CtTags, imaging::PetTags> modality) {
  imaging::SeriesTags series;
  series.number = number, series.description = description, series.modality = std::move(modality);
  return series;
}

double farthest_mm(const Geometry& found, const Geometry& truth) {
  double farthest = 0;
  for (unsigned corner = 0; corner < 8; ++corner) {
    Vec3 index;
    for (unsigned c = 0; c < 3; ++c) index[c] = (corner >> c & 1U) != 0 ? static_cast<double>(truth.size[c] - 1) : 0;
    const Vec3 a = to_position_mm(found, index), b = to_position_mm(truth, index);
    farthest = std::max(farthest, length_of({a[0] - b[0], a[1] - b[1], a[2] - b[2]}));
  }
  return farthest;
}

TEST(AlignCase, AnotherFrameIsPlacedByRegistrationAndTakesItsLabelsAlong) {
  const TwoScanners s = two_scanners();
  const Case aligned = align(case_of(s), "CT");
  const Geometry truth = imaging::placed(s.mr.geometry, imaging::inverse(s.to_mr));
  EXPECT_LT(farthest_mm(aligned.images.at("MR").geometry, truth), 4) << "a voxel, at the corners of the field of view";
  EXPECT_EQ(aligned.images.at("MR").voxels, s.mr.voxels) << "nothing was interpolated";
  EXPECT_EQ(aligned.labels->geometry, aligned.images.at("MR").geometry);
  EXPECT_EQ(aligned.images.at("CT").geometry, s.ct.geometry);
  EXPECT_EQ(aligned.images.at("PET").geometry, s.pet.geometry);
  EXPECT_THAT(aligned.evidence.at("PET"), HasSubstr("same frame of reference as CT"));
  EXPECT_THAT(aligned.evidence.at("MR"), AllOf(HasSubstr("registered with CT: mutual information"), HasSubstr("sharpness"), HasSubstr("overlap"), Not(HasSubstr("in doubt"))));
  const Alignment& how = aligned.alignments.at("MR");
  EXPECT_EQ(how.to, "CT");
  EXPECT_GT(how.registration.information, how.registration.information_before);
  EXPECT_TRUE(aligned.alignments.contains("labels"));
  EXPECT_FALSE(aligned.alignments.contains("PET"));
}

TEST(AlignCase, MayBeSwitchedOff) {
  const TwoScanners s = two_scanners();
  const Case aligned = align(case_of(s), "CT", {.registration = Registration::kOff});
  EXPECT_EQ(aligned.images.at("MR").geometry, s.mr.geometry);
  EXPECT_THAT(aligned.evidence.at("MR"), HasSubstr("taken as it lies"));
  EXPECT_TRUE(aligned.alignments.empty());
}

TEST(AlignCase, WithoutFramesNothingIsMoved) {
  Case raw = case_of(two_scanners());
  raw.frames.clear();
  const Case aligned = align(raw, "CT");
  EXPECT_EQ(aligned.images, raw.images);
  EXPECT_TRUE(aligned.evidence.empty());
  refusal(ErrorCode::kNotFound, [&] { align(raw, "T2"); });
}

TEST(AlignCase, WhatIsInDoubtIsRefusedOrSaid) {
  Case raw = case_of(two_scanners());
  Rng rng(9);
  for (float& value : raw.images["MR"].voxels) value = static_cast<float>(rng.uniform(0, 100));  // another examination: it tells nothing of the CT
  EXPECT_THAT(refusal(ErrorCode::kMismatch, [&] { align(raw, "CT"); }), AllOf(HasSubstr("case patient"), HasSubstr("MR and CT"), HasSubstr("in doubt")));
  const Case warned = align(raw, "CT", {.registration = Registration::kWarn});
  EXPECT_THAT(warned.evidence.at("MR"), HasSubstr("in doubt"));
  EXPECT_FALSE(warned.alignments.at("MR").doubt.empty());
}

TEST(AlignCase, TheThresholdsOfDoubtAreTheOptions) {
  const Case raw = case_of(two_scanners());
  EXPECT_THAT(refusal(ErrorCode::kMismatch, [&] { align(raw, "CT", {.least_overlap = 0.999}); }), HasSubstr("overlap"));
  EXPECT_THAT(refusal(ErrorCode::kMismatch, [&] { align(raw, "CT", {.least_sharpness = 50}); }), HasSubstr("sharpness"));
  EXPECT_THAT(refusal(ErrorCode::kMismatch, [&] { align(raw, "CT", {.most_turn_degrees = 2}); }), HasSubstr("turned by"));
}

TEST(AlignCase, APetCtAndAnMrInOneFolderAreRegisteredWhenTheyAreRead) {
  const TwoScanners s = two_scanners();
  const TemporaryFolder site;
  const fs::path folder = site.path() / "p1" / "dicom";
  imaging::write_dicom_series(folder / "ct", s.ct, study_named("pet-ct"), series_of(1, "CT", imaging::CtTags{}));
  imaging::write_dicom_series(folder / "pet", s.pet, study_named("pet-ct"), series_of(2, "PET", imaging::PetTags{}));
  imaging::MrTags mr;
  mr.tr_ms = 520, mr.te_ms = 14;
  imaging::write_dicom_series(folder / "mr", s.mr, study_named("mr"), series_of(1, "t1_se_tra", mr));
  imaging::write_nifti(site.path() / "p1" / "p1-seg.nii.gz", s.labels);
  const auto cases = find_cases(site.path());
  ASSERT_EQ(cases.size(), 1U);
  const Case loaded = load_case(cases[0], {"CT", "PET", "T1"}, scheme());
  EXPECT_LT(farthest_mm(loaded.images.at("T1").geometry, imaging::placed(s.mr.geometry, imaging::inverse(s.to_mr))), 4);
  EXPECT_THAT(loaded.evidence.at("T1"), HasSubstr("registered with CT"));
  EXPECT_THAT(loaded.evidence.at("PET"), HasSubstr("SUV"));
  EXPECT_LT(farthest_mm(loaded.labels->geometry, loaded.images.at("T1").geometry), 0.05) << "drawn on the MR's voxels, they moved with it";
  EXPECT_LT(farthest_mm(load_case(cases[0], {"T1"}, scheme()).images.at("T1").geometry, s.mr.geometry), 0.05) << "alone it lies as its scanner says";
}

}  // namespace
}  // namespace consilium::pipelines
