#include "imaging/phantom/site_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <set>

#include "imaging/phantom/dicom_tags.h"
#include "tests/support/refusal.h"

namespace consilium::imaging {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

Json small() {
  return {{"name", "site_x"},
          {"vendor", "SIEMENS"},
          {"protocol",
           {{{"name", "T1ce"},
             {"dose", 1.0},
             {"sequence", {{"kind", "spoiled_gradient_echo"}, {"tr_ms", 22}, {"te_ms", 5}, {"flip_degrees", 25}}}},
            {{"name", "FLAIR"},
             {"description", "t2 tirm"},
             {"sequence",
              {{"kind", "inversion_recovery"}, {"tr_ms", 9000}, {"te_ms", 94}, {"ti_ms", 2500}, {"fat_suppression", 0.8}}}}}}};
}

std::string refused(const Json& json) {
  return test::refusal(ErrorCode::kUsage, [&] { parse_site_profile(json, "x.json"); });
}

TEST(SiteProfile, AllThatComeWithTheProgramAreRead) {
  std::set<std::string> names;
  for (const char* folder : {"profiles", "extra_profiles", "multimodal/profiles"})
    for (const auto& entry : fs::directory_iterator(fs::path(CONSILIUM_SOURCE_DIR) / "sample_data" / folder)) {
      const SiteProfile site = read_site_profile(entry.path());
      EXPECT_TRUE(names.insert(site.name).second);
      EXPECT_FALSE(site.vendor.empty());
      EXPECT_GE(site.reasons.size(), 2U) << site.name << ": choices have reasons";
    }
  EXPECT_GE(names.size(), 8U);
}

TEST(SiteProfile, UnknownKeysNameTheNearestAtEveryDepth) {
  Json json = small();
  json["field_telsa"] = 3;
  EXPECT_THAT(refused(json), HasSubstr("x.json: unknown key \"field_telsa\"; did you mean \"field_tesla\"?"));
  json = small();
  json["protocol"][1]["sequence"]["ti_msec"] = 3;
  EXPECT_THAT(refused(json), HasSubstr("protocol[1].sequence: unknown key \"ti_msec\"; did you mean \"ti_ms\"?"));
  json = small();
  json["population"] = {{"low_grade_shares", 0.5}};
  EXPECT_THAT(refused(json), HasSubstr("did you mean \"low_grade_share\"?"));
}

TEST(SiteProfile, WhatIsMissingOrOutOfRangeIsNamed) {
  Json json = small();
  json.erase("name");
  EXPECT_THAT(refused(json), HasSubstr("\"name\" is missing"));
  json = small();
  json.erase("protocol");
  EXPECT_THAT(refused(json), HasSubstr("\"protocol\" is missing"));
  json = small();
  json["protocol"] = Json::array();
  EXPECT_THAT(refused(json), HasSubstr("protocol is empty"));
  json = small();
  json["protocol"][1]["name"] = "T1ce";
  EXPECT_THAT(refused(json), HasSubstr("two series are named T1ce"));
  json["protocol"][1]["name"] = "FLAIRE";
  EXPECT_THAT(refused(json), HasSubstr("did you mean \"FLAIR\"?"));
  json = small();
  json["name"] = "../elsewhere";
  EXPECT_THAT(refused(json), HasSubstr("names a folder"));
  json = small();
  json["field_tesla"] = 7;
  EXPECT_THAT(refused(json), HasSubstr("field_tesla: expected 1.5 or 3"));
  json = small();
  json["bias"] = 1.5;
  EXPECT_THAT(refused(json), HasSubstr("bias: expected a number in [0"));
  json = small();
  json["population"] = {{"radius_min_mm", 20}, {"radius_max_mm", 10}};
  EXPECT_THAT(refused(json), HasSubstr("population.radius: the minimum"));
  json = small();
  json["orientation"] = "axail";
  EXPECT_THAT(refused(json), HasSubstr("did you mean \"axial\"?"));
  json = small();
  json["cases"] = "ten";
  EXPECT_THAT(refused(json), HasSubstr("cases"));
  EXPECT_THAT(refused(Json::array()), HasSubstr("x.json"));
  test::refusal(ErrorCode::kNotFound, [] { read_site_profile("/nowhere/site.json"); });
}

TEST(SiteProfile, DeliveryWordsGoBothWays) {
  for (const Delivery delivery : {Delivery::kDicom, Delivery::kNiftiBrats, Delivery::kNiftiBids})
    EXPECT_EQ(parse_delivery(std::string(to_string(delivery))), delivery);
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [] { parse_delivery("nifti_brat"); }), HasSubstr("did you mean \"nifti_brats\"?"));
}

TEST(SiteProfile, PatientsComeFromThePopulation) {
  Json json = small();
  json["population"] = {
      {"low_grade_share", 0.3}, {"radius_min_mm", 9}, {"radius_max_mm", 14}, {"atrophy_min", 0.5}, {"atrophy_max", 0.6}};
  const SiteProfile site = parse_site_profile(json, "x.json");
  Rng rng(11);
  int low_grade = 0;
  for (int n = 0; n < 1000; ++n) {
    const HeadOptions patient = draw_patient(site, rng);
    EXPECT_GE(patient.tumour.radius_mm, 9);
    EXPECT_LE(patient.tumour.radius_mm, 14);
    EXPECT_GE(patient.atrophy, 0.5);
    EXPECT_LE(patient.atrophy, 0.6);
    low_grade += patient.tumour.low_grade ? 1 : 0;
  }
  EXPECT_NEAR(low_grade, 300, 4 * 14.5);  // four standard deviations of 1000 draws
}

TEST(SiteProfile, ExamsFollowTheProtocolAndTheScale) {
  Json json = small();
  json["spacing_mm"] = {2, 2, 4};
  json["scale"] = 1.5;
  json["gain"] = 500;
  json["motion_share"] = 0.25;
  json["protocol"][0]["spacing_mm"] = {1, 1, 1};
  json["protocol"][1]["snr"] = 9;
  const SiteProfile site = parse_site_profile(json, "x.json");
  Rng rng(12);
  int moved = 0;
  double log_gain = 0;
  for (int n = 0; n < 400; ++n) {
    const auto exam = plan_exam(site, rng);
    ASSERT_EQ(exam.size(), 2U);
    EXPECT_EQ(exam[0].grid.spacing_mm, (Vec3{1.5, 1.5, 1.5}));
    EXPECT_EQ(exam[1].grid.spacing_mm, (Vec3{3, 3, 6}));
    EXPECT_EQ(exam[0].dose, 1);
    EXPECT_EQ(exam[0].snr, site.snr);
    EXPECT_EQ(exam[1].snr, 9);
    EXPECT_NE(exam[0].gain, exam[1].gain);
    EXPECT_EQ(exam[0].motion > 0, exam[1].motion > 0);
    moved += exam[0].motion > 0 ? 1 : 0;
    log_gain += std::log(exam[0].gain / 500) / 400;
  }
  EXPECT_NEAR(moved, 100, 4 * 8.7);
  EXPECT_NEAR(log_gain, 0, 4 * 0.15 / 20);
}

TEST(SiteProfile, NoiseAndBlurAreTheSeriesOwn) {
  Json json = small();
  json["protocol"] = {{{"name", "CT"}, {"noise_hu", 9}}, {{"name", "PET"}, {"psf_fwhm_mm", 4}}};
  Rng rng(1);
  const auto exam = plan_exam(parse_site_profile(json, "x.json"), rng);
  EXPECT_EQ(exam[0].noise_hu, 9);
  EXPECT_EQ(exam[1].psf_fwhm_mm, 4);
  EXPECT_EQ(exam[1].noise_hu, 6);
  json["protocol"][0]["noise_hu"] = -1;
  EXPECT_THAT(refused(json), HasSubstr("protocol.CT.noise_hu"));
  json = small();
  json["held_out_protocol"] = {{{"name", "CT"}}, {{"name", "CT"}}};
  EXPECT_THAT(refused(json), HasSubstr("held_out_protocol: two series are named CT"));
}

TEST(DicomTags, MakersSpeakTheirOwnWords) {
  Json json = small();
  const auto describe = [&](const char* vendor, std::size_t item) {
    json["vendor"] = vendor;
    const SiteProfile site = parse_site_profile(json, "x.json");
    Rng rng(1);
    return describe_series(site, site.protocol[item], plan_exam(site, rng)[item], static_cast<int>(item) + 1);
  };
  const auto mr = [](const SeriesTags& tags) { return std::get<MrTags>(tags.modality); };
  using Words = std::vector<std::string>;

  const SeriesTags siemens = describe("SIEMENS", 1);
  EXPECT_EQ(siemens.image_type, (Words{"ORIGINAL", "PRIMARY", "M", "ND", "NORM"}));
  EXPECT_EQ(mr(siemens).sequence_name, "*tir2d1_16");
  EXPECT_EQ(mr(siemens).scanning_sequence, (Words{"SE", "IR"}));
  EXPECT_EQ(mr(siemens).scan_options, (Words{"FS"}));
  EXPECT_EQ(mr(siemens).ti_ms, 2500);
  EXPECT_EQ(siemens.description, "t2 tirm");
  EXPECT_TRUE(siemens.contrast_agent.empty());
  EXPECT_EQ(mr(describe("SIEMENS", 0)).sequence_name, "*fl3d1");
  EXPECT_FALSE(describe("SIEMENS", 0).contrast_agent.empty());

  const SeriesTags ge = describe("GE MEDICAL SYSTEMS", 0);
  EXPECT_EQ(ge.image_type, (Words{"ORIGINAL", "PRIMARY", "OTHER"}));
  EXPECT_TRUE(mr(ge).is_signed);
  EXPECT_TRUE(mr(ge).sequence_name.empty());
  EXPECT_NE(ge.last_slice_first, siemens.last_slice_first);

  const SeriesTags philips = describe("Philips Medical Systems", 1);
  EXPECT_EQ(philips.image_type, (Words{"ORIGINAL", "PRIMARY", "M_IR", "M", "IR"}));
  EXPECT_EQ(describe("Philips Medical Systems", 0).image_type, (Words{"ORIGINAL", "PRIMARY", "M_FFE", "M", "FFE"}));
  EXPECT_EQ(describe("Hitachi", 0).image_type, (Words{"ORIGINAL", "PRIMARY", "OTHER"}));
}

TEST(DicomTags, StudyUidsDifferWithSeedSiteCaseAndScale) {
  SiteProfile site = parse_site_profile(small(), "x.json");
  const auto uid_name = [&](const std::string& name, std::uint64_t seed) {
    return describe_study(site, name, 1, seed, 0.5, Rng(seed)).uid_name;
  };
  std::set<std::string> names{uid_name("a", 1), uid_name("b", 1), uid_name("a", 2)};
  site.scale = 2;
  names.insert(uid_name("a", 1));
  site.name = "site_y";
  names.insert(uid_name("a", 1));
  EXPECT_EQ(names.size(), 5U);
  EXPECT_EQ(describe_study(site, "a", 7, 1, 1.0, Rng(1)).patient_name, "PHANTOM^0007");
  EXPECT_GT(describe_study(site, "a", 7, 1, 1.0, Rng(1)).patient_age_years,
            describe_study(site, "a", 7, 1, 0.1, Rng(1)).patient_age_years);
}

}  // namespace
}  // namespace consilium::imaging
