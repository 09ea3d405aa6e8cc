#include "imaging/dicom/write_series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/files.h"
#include "base/rng.h"
#include "imaging/dicom/load.h"
#include "imaging/dicom/scan.h"
#include "imaging/dicom/uid.h"
#include "tests/support/refusal.h"

namespace consilium::imaging {
namespace {

/// 12 x 9 pixels, 7 slices, tilted, anisotropic; noise between `low` and `high`.
Volume tilted_volume(double low, double high) {
  const double c = std::cos(0.2), s = std::sin(0.2);
  Volume volume{{{12, 9, 7}, {1.1, 0.9, 3.3}, {-20.25, 31.5, -44.125}, {{{1, 0, 0}, {0, c, -s}, {0, s, c}}}}, {}};
  Rng rng(7);
  for (std::size_t n = 0; n < voxel_count(volume.geometry); ++n)
    volume.voxels.push_back(static_cast<float>(rng.uniform(low, high)));
  return volume;
}

StudyTags study() {
  StudyTags tags;
  tags.uid_name = "a test";
  tags.manufacturer = "SIEMENS";
  return tags;
}

SeriesTags series(std::variant<MrTags, CtTags, PetTags> modality) {
  SeriesTags tags;
  tags.description = "a series";
  tags.modality = modality;
  if (std::holds_alternative<MrTags>(modality)) tags.image_type.emplace_back("OTHER");
  if (std::holds_alternative<CtTags>(modality)) tags.image_type.emplace_back("AXIAL");
  return tags;
}

/// Written, and read by the reader that is tested against other people's files.
Volume there_and_back(const Volume& volume, const SeriesTags& tags) {
  const TemporaryFolder folder;
  write_dicom_series(folder.path() / "s", volume, study(), tags);
  const Study found = scan_study(folder.path());
  EXPECT_TRUE(found.rejected.empty());
  EXPECT_EQ(found.series.size(), 1U);
  return load_series(found.series.at(0));
}

double largest_difference(const Volume& a, const Volume& b) {
  double largest = 0;
  for (std::size_t n = 0; n < a.voxels.size(); ++n)
    largest = std::max(largest, std::abs(static_cast<double>(a.voxels[n]) - b.voxels[n]));
  return largest;
}

/// Every file below a folder, name and bytes.
std::set<std::pair<std::string, std::string>> contents(const fs::path& folder) {
  std::set<std::pair<std::string, std::string>> all;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) all.emplace(fs::relative(entry.path(), folder).string(), read_file(entry.path()));
  return all;
}

TEST(Uid, IsTheDecimalOfAVersion8UuidOfTheName) {
  // SHA-256("abc") = ba7816bf 8f01cfea 414140de 5dae2223 ... (FIPS 180-2, B.1); version and variant set, printed by Python's
  // uuid.
  EXPECT_EQ(uid_of_name("abc"), "2.25.247859944228867097191300499870369849891");
  EXPECT_NE(uid_of_name("abc"), uid_of_name("abd"));
  EXPECT_LE(uid_of_name("").size(), 64U);
}

TEST(WriteSeries, MrComesBackOnItsGridWithinHalfAStep) {
  const Volume volume = tilted_volume(0, 3000);
  const Volume back = there_and_back(volume, series(MrTags{.tr_ms = 500, .te_ms = 10}));
  EXPECT_TRUE(same_grid(back.geometry, volume.geometry, 1e-6));
  EXPECT_LE(largest_difference(back, volume), 0.5 + 1e-3);
  EXPECT_GT(largest_difference(back, volume), 0.4);  // whole numbers, as scanners store them
}

TEST(WriteSeries, SliceOrderOfTheNumbersDoesNotChangeTheImage) {
  const Volume volume = tilted_volume(0, 3000);
  SeriesTags reversed = series(MrTags{.tr_ms = 500, .te_ms = 10});
  reversed.last_slice_first = true;
  EXPECT_EQ(there_and_back(volume, reversed), there_and_back(volume, series(MrTags{.tr_ms = 500, .te_ms = 10})));
}

TEST(WriteSeries, MrOfAnUnusualScaleIsBroughtTo12BitsAndSaysHow) {
  for (const double top : {2.0, 5e6}) {
    const Volume volume = tilted_volume(0, top);
    const TemporaryFolder folder;
    const WrittenSeries written =
        write_dicom_series(folder.path() / "s", volume, study(), series(MrTags{.tr_ms = 500, .te_ms = 10}));
    EXPECT_NEAR(written.mr_value_per_step * 4095, *std::max_element(volume.voxels.begin(), volume.voxels.end()), 1e-6 * top);
    Volume back = load_series(scan_study(folder.path()).series.at(0));
    EXPECT_EQ(*std::max_element(back.voxels.begin(), back.voxels.end()), 4095);
    for (float& value : back.voxels) value *= static_cast<float>(written.mr_value_per_step);
    EXPECT_LE(largest_difference(back, volume), 0.501 * written.mr_value_per_step);
  }
}

TEST(WriteSeries, SignedMrHoldsWhatFifteenBitsHold) {
  const Volume volume = tilted_volume(0, 32000);
  const Volume back = there_and_back(volume, series(MrTags{.tr_ms = 500, .te_ms = 10, .is_signed = true}));
  EXPECT_LE(largest_difference(back, volume), 0.502);
}

TEST(WriteSeries, CtIsInHuWithAirAndMetal) {
  Volume volume = tilted_volume(-1000, 3000);
  volume.voxels[0] = -1024;
  volume.voxels[1] = 9000;   // more than 12 bits
  volume.voxels[2] = -2000;  // below what the intercept allows
  Volume back = there_and_back(volume, series(CtTags{}));
  EXPECT_EQ(back.voxels[2], -1024);
  back.voxels[2] = volume.voxels[2];
  EXPECT_LE(largest_difference(back, volume), 0.501);
}

TEST(WriteSeries, PetIsFinerWhereASliceIsDim) {
  Volume volume = tilted_volume(0, 10);
  const std::size_t slice = 12 * 9;
  for (std::size_t n = 0; n < slice; ++n) volume.voxels[n] *= 0.01F;
  for (std::size_t n = slice; n < 2 * slice; ++n) volume.voxels[n] = 0;
  Volume back = there_and_back(volume, series(PetTags{}));
  EXPECT_LE(largest_difference(back, volume), 10.0 / 32767);
  back.voxels.resize(slice);
  EXPECT_LE(largest_difference(back, volume), 0.1 / 32767);  // one slope for the series would be a hundred times coarser
}

TEST(WriteSeries, SameArgumentsSameBytesAndTheNameDecidesTheUids) {
  const Volume volume = tilted_volume(0, 3000);
  const TemporaryFolder folder;
  StudyTags other = study();
  other.uid_name = "another test";
  write_dicom_series(folder.path() / "a", volume, study(), series(MrTags{.tr_ms = 500, .te_ms = 10}));
  write_dicom_series(folder.path() / "b", volume, study(), series(MrTags{.tr_ms = 500, .te_ms = 10}));
  write_dicom_series(folder.path() / "c", volume, other, series(MrTags{.tr_ms = 500, .te_ms = 10}));
  EXPECT_EQ(contents(folder.path() / "a").size(), 7U);
  EXPECT_EQ(contents(folder.path() / "a"), contents(folder.path() / "b"));
  std::set<std::string> instances;
  const Study third = scan_study(folder.path() / "c");
  for (const Series& found : third.series)
    for (const DicomHeader& slice : found.slices) instances.insert(slice.sop_instance_uid);
  EXPECT_EQ(instances.size(), 7U);
  const Study first = scan_study(folder.path() / "a");
  for (const DicomHeader& slice : first.series.at(0).slices) EXPECT_FALSE(instances.contains(slice.sop_instance_uid));
}

TEST(WriteSeries, ValuesThatCannotBeWrittenAreRefused) {
  const TemporaryFolder folder;
  const auto refused = [&](ErrorCode code, const Volume& volume, const StudyTags& s, const SeriesTags& tags) {
    const std::string words = test::refusal(code, [&] { write_dicom_series(folder.path() / "s", volume, s, tags); });
    EXPECT_TRUE(fs::is_empty(folder.path()));
    return words;
  };
  const SeriesTags mr = series(MrTags{.tr_ms = 500, .te_ms = 10});
  Volume broken = tilted_volume(0, 10);
  broken.voxels[5] = std::nanf("");
  EXPECT_THAT(refused(ErrorCode::kCorruptData, broken, study(), mr), testing::HasSubstr("not a finite number"));
  broken.voxels[5] = -1;
  EXPECT_THAT(refused(ErrorCode::kUnsupported, broken, study(), mr), testing::HasSubstr("below zero"));
  broken.voxels.pop_back();
  EXPECT_THAT(refused(ErrorCode::kCorruptData, broken, study(), mr), testing::HasSubstr("number of voxels"));

  const Volume volume = tilted_volume(0, 10);
  SeriesTags odd = mr;
  odd.description = std::string(65, 'x');
  EXPECT_THAT(refused(ErrorCode::kUsage, volume, study(), odd), testing::HasSubstr("SeriesDescription (0008,103e)"));
  odd.description = "\xC3\xBC";
  EXPECT_THAT(refused(ErrorCode::kUsage, volume, study(), odd), testing::HasSubstr("ASCII"));
  StudyTags named = study();
  named.patient_name = std::string(80, 'n');
  const std::string words = refused(ErrorCode::kUsage, volume, named, mr);
  EXPECT_THAT(words, testing::HasSubstr("PatientName (0010,0010)"));
  EXPECT_THAT(words, testing::Not(testing::HasSubstr("nnn")));
  named = study();
  named.date = "yesterday";
  EXPECT_THAT(refused(ErrorCode::kUsage, volume, named, mr), testing::HasSubstr("StudyDate"));
}

TEST(WriteSeries, FolderThatHoldsSomethingIsLeftAsItIs) {
  const TemporaryFolder folder;
  write_file(folder.path() / "s" / "mine", "keep");
  test::refusal(ErrorCode::kCannotWrite, [&] {
    write_dicom_series(folder.path() / "s", tilted_volume(0, 10), study(), series(MrTags{.tr_ms = 500, .te_ms = 10}));
  });
  EXPECT_EQ(contents(folder.path()), (std::set<std::pair<std::string, std::string>>{{"s/mine", "keep"}}));
}

}  // namespace
}  // namespace consilium::imaging
