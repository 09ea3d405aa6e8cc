#include "imaging/dicom/suv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace consilium::imaging {
namespace {

using testing::HasSubstr;

/// Injected at 10000 s, scanned an hour later.
PetHeader good() {
  PetHeader h;
  h.units = "BQML", h.decay_correction = "START", h.corrected_image = {"ATTN", "DECY"};
  h.weight_kg = 70, h.dose_bq = 3.7e8, h.half_life_s = 6586.2;
  h.injection_s = 10000, h.series_s = 13600, h.acquisition_s = 13610;
  return h;
}

constexpr double kUndecayed = 70000 / 3.7e8;
double after(double seconds) { return kUndecayed * std::exp2(seconds / 6586.2); }

void expect_refusal(const PetHeader& h, ErrorCode code, const std::string& words) {
  try {
    suv_factors({h});
    ADD_FAILURE() << "accepted; expected: " << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << words;
    EXPECT_THAT(error.what(), HasSubstr(words));
  }
}

TEST(Suv, NamesTheTagThatIsMissing) {
  const auto without = [](auto change) {
    PetHeader h = good();
    change(h);
    return h;
  };
  expect_refusal(without([](PetHeader& h) { h.units.clear(); }), ErrorCode::kNotFound, "Units (0054,1001)");
  expect_refusal(without([](PetHeader& h) { h.weight_kg.reset(); }), ErrorCode::kNotFound, "Weight (0010,1030)");
  expect_refusal(without([](PetHeader& h) { h.dose_bq.reset(); }), ErrorCode::kNotFound, "Total Dose (0018,1074)");
  expect_refusal(without([](PetHeader& h) { h.half_life_s.reset(); }), ErrorCode::kNotFound, "Half Life (0018,1075)");
  expect_refusal(without([](PetHeader& h) { h.injection_s.reset(); }), ErrorCode::kNotFound, "(0018,1078)");
  expect_refusal(without([](PetHeader& h) { h.acquisition_s.reset(); }), ErrorCode::kNotFound, "(0008,0022)");
  expect_refusal(without([](PetHeader& h) { h.decay_correction.clear(); }), ErrorCode::kNotFound, "(0054,1102)");
  expect_refusal(without([](PetHeader& h) { h.corrected_image.clear(); }), ErrorCode::kNotFound, "(0028,0051)");
  expect_refusal(without([](PetHeader& h) { h.units = "CNTS"; }), ErrorCode::kNotFound, "(7053,1000)");
}

TEST(Suv, RefusesWhatIsNoSuv) {
  PetHeader h = good();
  h.corrected_image = {"DECY"};
  expect_refusal(h, ErrorCode::kUnsupported, "lacks ATTN");
  h = good(), h.corrected_image = {"ATTN"};
  expect_refusal(h, ErrorCode::kUnsupported, "lacks DECY");
  h = good(), h.weight_kg = 0;
  expect_refusal(h, ErrorCode::kUnsupported, "is not above 0");
  h = good(), h.injection_s = 20000;
  expect_refusal(h, ErrorCode::kUnsupported, "is after the scan");
  h = good(), h.units = "PROPCPS";
  expect_refusal(h, ErrorCode::kUnsupported, "PROPCPS");
  h = good(), h.decay_correction = "MAYBE";
  expect_refusal(h, ErrorCode::kUnsupported, "MAYBE");
  h = good(), h.units = "GML", h.suv_type = "LBM";
  expect_refusal(h, ErrorCode::kUnsupported, "LBM");
}

TEST(Suv, SlicesThatDisagreeAreAMismatch) {
  PetHeader other = good();
  other.weight_kg = 71;
  EXPECT_THROW(suv_factors({good(), other}), Error);
}

TEST(Suv, StartDecaysToTheBeginningOfTheScan) {
  EXPECT_NEAR(suv_factors({good()})[0] / after(3600), 1, 1e-12);
}

TEST(Suv, ASeriesMadeAfterwardsTakesGesTimeThenTheFramesThenTheAcquisition) {
  PetHeader h = good();
  h.series_s = 50000;
  EXPECT_NEAR(suv_factors({h})[0] / after(3610), 1, 1e-12);
  // A frame of 600 s whose mean activity is that of 300 s (nearly), which is 900 s after the reference time's origin.
  h.frame_reference_s = 900, h.frame_duration_s = 600;
  const double rate = std::log(2.0) / 6586.2, decay = rate * 600, mean = std::log(decay / (1 - std::exp(-decay))) / rate;
  EXPECT_NEAR(suv_factors({h})[0] / after(3610 - 900 + mean), 1, 1e-12);
  h.ge_scan_s = 13000;
  EXPECT_NEAR(suv_factors({h})[0] / after(3000), 1, 1e-12);
}

TEST(Suv, AdminDoesNotDecay) {
  PetHeader h = good();
  h.decay_correction = "ADMIN";
  EXPECT_DOUBLE_EQ(suv_factors({h})[0], kUndecayed);
}

TEST(Suv, NoneDecaysToEachFrame) {
  PetHeader first = good();
  first.decay_correction = "NONE", first.corrected_image = {"ATTN"}, first.frame_duration_s = 60;
  PetHeader second = first;
  second.acquisition_s = *first.acquisition_s + 600;
  const auto factors = suv_factors({first, second});
  EXPECT_NEAR(factors[1] / factors[0], std::exp2(600 / 6586.2), 1e-12);
  // The mean of a short frame is the activity in its middle.
  EXPECT_NEAR(factors[0] / after(3610 + 30), 1, 1e-5);
  first.corrected_image = {"ATTN", "DECY"};
  expect_refusal(first, ErrorCode::kUnsupported, "holds DECY");
}

TEST(Suv, ATimeOfDayMayLieBeforeMidnight) {
  PetHeader h = good();
  h.injection_s.reset();
  h.series_s = h.acquisition_s = 86400 + 1800;
  h.injection_of_day_s = 86400 - 1800;
  EXPECT_NEAR(suv_factors({h})[0] / after(3600), 1, 1e-12);
  // Fourteen hours before midnight is not an uptake, but a wrong tag.
  h.injection_of_day_s = 10 * 3600;
  expect_refusal(h, ErrorCode::kUnsupported, "(0018,1072) is after the scan");
}

}  // namespace
}  // namespace consilium::imaging
