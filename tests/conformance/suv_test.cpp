#include <gtest/gtest.h>

#include <cmath>

#include "imaging/dicom/suv.h"
#include "tests/support/dicom_files.h"
#include "tests/support/shared_data.h"

namespace consilium::imaging {
namespace {

using test::is_absent;
using test::kNeedsShared;
using test::shared_path;

/// "10:48:30.35" -> seconds of the day.
double seconds_of(const std::string& text) {
  return 3600 * std::stod(text.substr(0, 2)) + 60 * std::stod(text.substr(3, 2)) + std::stod(text.substr(6));
}


PetHeader corrected(const char* units = "BQML", const char* decay = "START") {
  PetHeader h;
  h.units = units, h.decay_correction = decay;
  h.corrected_image = {"ATTN", "DECY"};
  return h;
}

double factor_of(const PetHeader& h, SuvKind kind = SuvKind::kBodyWeight) { return suv_factors({h}, kind).at(0); }

TEST(SuvOracles, FactorsOfThreeVendors) {
  if (is_absent("oracles")) GTEST_SKIP() << kNeedsShared << "oracles";
  const Json oracle = test::oracle("imaging", "suv_factor_vendor_cases");
  for (std::size_t n = 0; n < 3; ++n) {
    const Json& input = oracle.at("input")[n];
    PetHeader h = corrected();
    h.weight_kg = input.at("weight_kg"), h.dose_bq = input.at("dose_Bq"), h.half_life_s = input.at("half_life_s");
    h.injection_s = seconds_of(input.at("injection")), h.series_s = seconds_of(input.at("series"));
    h.acquisition_s = input.contains("acquisition") ? seconds_of(input.at("acquisition")) : *h.series_s;
    const double expected = oracle.at("expected").at("suvbw_factor")[n];
    EXPECT_NEAR(factor_of(h) / expected, 1, 1e-6) << n;
    const double decay = oracle.at("expected").at("decay_seconds")[n];
    EXPECT_NEAR(std::log2(factor_of(h) * *h.dose_bq / (1000 * *h.weight_kg)) * *h.half_life_s, decay, 1e-3) << n;
  }
}

TEST(SuvOracles, UnitsAndSizesOfTheBody) {
  if (is_absent("oracles")) GTEST_SKIP() << kNeedsShared << "oracles";
  const Json oracle = test::oracle("imaging", "suv_units_and_body_size");
  const Json &input = oracle.at("input"), &expected = oracle.at("expected");
  EXPECT_EQ(factor_of(corrected("GML")), expected.at("gml").get<double>());
  PetHeader counts = corrected("CNTS");
  counts.philips_suv_factor = input.at("cnts_private").at("7053,1000").get<double>();
  EXPECT_EQ(factor_of(counts), expected.at("cnts_private").get<double>());
  const Json& activity = input.at("cnts_activity");
  counts.philips_suv_factor = 0, counts.philips_activity_factor = activity.at("7053,1009").get<double>();
  counts.weight_kg = activity.at("weight"), counts.dose_bq = activity.at("dose"), counts.half_life_s = activity.at("half_life");
  counts.series_s = counts.acquisition_s = counts.injection_s = 1000;
  EXPECT_NEAR(factor_of(counts), expected.at("cnts_activity").get<double>(), 1e-6);
  const Json &body = input.at("body"), &sizes = expected.at("body");
  PetHeader h = corrected("BQML", "ADMIN");
  h.weight_kg = body.at("weight"), h.height_m = body.at("height_m"), h.sex = body.at("sex"), h.dose_bq = body.at("dose");
  EXPECT_NEAR(factor_of(h), sizes.at("suvbw").get<double>(), 1e-6);
  EXPECT_NEAR(factor_of(h, SuvKind::kBodySurface), sizes.at("suvbsa").get<double>(), 1e-6);
  EXPECT_NEAR(factor_of(h, SuvKind::kLeanJames), sizes.at("suvlbm_James").get<double>(), 1e-6);
  EXPECT_NEAR(factor_of(h, SuvKind::kLeanJanmahasatian), sizes.at("suvlbm_Janmahasatian").get<double>(), 1e-6);
  const Json& female = sizes.contains("female_lbm_g") ? sizes.at("female_lbm_g") : expected.at("female_lbm_g");
  EXPECT_NEAR(lean_body_mass_g(SuvKind::kLeanJames, 75, 1.85, true), female.at("James").get<double>(), 1e-3);
  EXPECT_NEAR(lean_body_mass_g(SuvKind::kLeanJanmahasatian, 75, 1.85, true), female.at("Janmahasatian").get<double>(), 1e-3);
}

TEST(SuvOracles, WorkedExample) {
  if (is_absent("oracles")) GTEST_SKIP() << kNeedsShared << "oracles";
  const Json oracle = test::oracle("imaging", "suv_worked_example");
  const Json &input = oracle.at("input"), &expected = oracle.at("expected");
  PetHeader h = corrected();
  h.weight_kg = input.at("W_kg"), h.dose_bq = input.at("D_Bq"), h.half_life_s = input.at("T_s");
  h.injection_s = 5000, h.series_s = h.acquisition_s = 5000 + input.at("dt_s").get<double>();
  EXPECT_NEAR(factor_of(h) / expected.at("factor").get<double>(), 1, 1e-9);
  EXPECT_NEAR(factor_of(h) * input.at("c_Bq_ml").get<double>(), expected.at("suv").get<double>(), 1e-9);
}

/// One slice of a PET series from a header of cornerstonejs/calculate-suv, as a file.
void write_slice(const fs::path& file, const Json& in, int number, const std::string& maker) {
  DcmFileFormat format;
  test::DicomImage image{.sop_class = UID_PositronEmissionTomographyImageStorage, .number = number, .z_mm = 3.0 * number};
  const auto text = [&](const char* key) {
    if (!in.contains(key)) return std::string();
    return in.at(key).is_string() ? in.at(key).get<std::string>() : in.at(key).dump();
  };
  std::string corrections;
  for (const auto& word : in.at("CorrectedImage")) corrections += (corrections.empty() ? "" : "\\") + word.get<std::string>();
  image.attributes = {{DCM_Manufacturer, maker},
                      {DCM_Units, text("Units")},
                      {DCM_DecayCorrection, text("DecayCorrection")},
                      {DCM_CorrectedImage, corrections},
                      {DCM_PatientSex, text("PatientSex")},
                      {DCM_PatientWeight, text("PatientWeight")},
                      {DCM_SeriesDate, text("SeriesDate")},
                      {DCM_SeriesTime, text("SeriesTime")},
                      {DCM_AcquisitionDate, text("AcquisitionDate")},
                      {DCM_AcquisitionTime, text("AcquisitionTime")},
                      {DCM_FrameReferenceTime, text("FrameReferenceTime")},
                      {DCM_ActualFrameDuration, text("ActualFrameDuration")},
                      {DCM_RescaleSlope, "1"},
                      {DCM_RescaleIntercept, "0"}};
  test::write_dicom(file, image);
  ASSERT_TRUE(format.loadFile(file.c_str()).good());
  DcmItem& item = *format.getDataset();
  DcmItem* agent = nullptr;
  ASSERT_TRUE(item.findOrCreateSequenceItem(DCM_RadiopharmaceuticalInformationSequence, agent).good());
  test::put(*agent, DCM_RadionuclideTotalDose, text("RadionuclideTotalDose"));
  test::put(*agent, DCM_RadionuclideHalfLife, text("RadionuclideHalfLife"));
  test::put(*agent, DCM_RadiopharmaceuticalStartTime, text("RadiopharmaceuticalStartTime"));
  if (in.contains("RadiopharmaceuticalStartDateTime"))
    test::put(*agent, DCM_RadiopharmaceuticalStartDateTime, text("RadiopharmaceuticalStartDateTime"));
  const Json& philips = in.at("PhilipsPETPrivateGroup");
  if (philips.contains("SUVScaleFactor")) {
    ASSERT_TRUE(item.putAndInsertString(DcmTag(0x7053, 0x0010, EVR_LO), "Philips PET Private Group").good());
    ASSERT_TRUE(item.putAndInsertString(DcmTag(0x7053, 0x1000, EVR_DS), philips.at("SUVScaleFactor").get<std::string>().c_str()).good());
  }
  ASSERT_TRUE(format.saveFile(file.c_str(), EXS_LittleEndianExplicit).good());
}

/// Headers of real acquisitions, written as DICOM and read back.
TEST(SuvOracles, FactorsOfRealHeadersThroughFiles) {
  const std::string root = "data/suv";
  if (is_absent(root)) GTEST_SKIP() << kNeedsShared << root;
  const Json expected = read_json(shared_path(root + "/expected_suvbw_factor.json"));
  for (const auto& [name, factor] : expected.items()) {
    const TemporaryFolder folder;
    const Json instances = read_json(shared_path(root + "/" + name + "-instances.json"));
    int number = 0;
    for (const Json& instance : instances) {
      ++number;
      write_slice(folder.path() / std::to_string(number), instance, number, name.substr(0, name.find('_')));
    }
    const Study study = scan_study(folder.path());
    ASSERT_EQ(study.series.size(), 1U) << name;
    const Series suv = to_suv(study.series[0]);
    EXPECT_NEAR(suv.header().slope / factor.get<double>(), 1, 1e-6) << name;
    EXPECT_EQ(suv.header().units, "GML");
  }
}

}  // namespace
}  // namespace consilium::imaging
