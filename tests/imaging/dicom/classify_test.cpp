#include "imaging/dicom/classify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace consilium::imaging {
namespace {

using testing::Contains;
using testing::HasSubstr;

struct Scan {
  const char* description = "";
  std::optional<double> tr = {}, te = {}, ti = {}, flip = {};
  std::vector<std::string> sequence = {};
  std::vector<std::string> variant = {};
  const char* agent = "";
  std::vector<std::string> image_type = {"ORIGINAL", "PRIMARY"};
};

SeriesClass classify_scan(const Scan& scan, const char* modality = "MR") {
  DicomHeader h;
  h.modality = modality;
  h.series_description = scan.description;
  h.tr_ms = scan.tr, h.te_ms = scan.te, h.ti_ms = scan.ti, h.flip_degrees = scan.flip;
  h.scanning_sequence = scan.sequence;
  h.sequence_variant = scan.variant;
  h.contrast_agent = scan.agent;
  h.image_type = scan.image_type;
  Series series;
  series.slices.push_back(h);
  return classify(series);
}

std::string channel(const Scan& scan, const char* modality = "MR") { return classify_scan(scan, modality).channel; }

TEST(Classify, KnowsTheProtocolsOfThreeVendors) {
  // Siemens
  EXPECT_EQ(channel({"t1_fl3d_tra", 22, 4.9, {}, 25, {"GR"}, {"SP"}}), "T1");
  EXPECT_EQ(channel({"t1_fl3d_tra_post_gd", 22, 4.9, {}, 25, {"GR"}, {"SP"}}), "T1ce");
  EXPECT_EQ(channel({"t1_mprage_sag", 2300, 2.98, 900, 9, {"GR", "IR"}, {"SP", "MP"}}), "T1");
  EXPECT_EQ(channel({"t2_tse_tra", 5800, 96, {}, 150, {"SE"}, {"SK"}}), "T2");
  EXPECT_EQ(channel({"t2_tirm_tra_dark-fluid_fs", 9000, 94, 2500, 150, {"SE", "IR"}, {"SK"}}), "FLAIR");
  // GE
  EXPECT_EQ(channel({"AX T1 SE", 520, 14, {}, 90, {"SE"}, {"NONE"}}), "T1");
  EXPECT_EQ(channel({"AX T1 SE +C", 520, 14, {}, 90, {"SE"}, {"NONE"}}), "T1ce");
  EXPECT_EQ(channel({"AX T2 FSE", 4000, 108, {}, 90, {"SE"}, {"SK"}}), "T2");
  EXPECT_EQ(channel({"AX T2 FLAIR", 8800, 140, 2200, 90, {"SE", "IR"}, {"SK"}}), "FLAIR");
  EXPECT_EQ(channel({"Ax BRAVO", 8.2, 3.2, 450, 12, {"GR"}, {"SS", "SP", "MP", "SK"}}), "T1");
  EXPECT_EQ(channel({"Ax T1 FLAIR", 2200, 24, 860, 90, {"SE", "IR"}, {"SK"}}), "T1");
  // Philips
  EXPECT_EQ(channel({"sT1W_3D_TFE", 9.8, 4.6, {}, 8, {"GR"}, {"MP"}}), "T1");
  EXPECT_EQ(channel({"sT1W_3D_TFE_GD", 9.8, 4.6, {}, 14, {"GR"}, {"MP"}}), "T1ce");
  EXPECT_EQ(channel({"sT2W_VISTA", 2500, 130, 0, 90, {"SE"}, {"SK"}}), "T2");
  EXPECT_EQ(channel({"sFLAIR_VISTA", 4800, 160, 1650, 90, {"IR"}, {"SK"}}), "FLAIR");
}

TEST(Classify, TrustsTimesMoreThanWords) {
  EXPECT_EQ(channel({"T1 axial", 5000, 100, 0, 90, {"SE"}}), "T2") << "the description was copied from another series";
  EXPECT_EQ(channel({"t2", 9000, 120, 2500, 90, {"SE", "IR"}}), "FLAIR");
  EXPECT_EQ(channel({"FLAIR", 500, 12, {}, 90, {"SE"}}), "T1");
  EXPECT_EQ(channel({"dark fluid", 5000, 100, 0, 90, {"SE"}}), "T2") << "an Inversion Time of 0 says that nothing was inverted";
  EXPECT_EQ(channel({"series 7", 5000, 100, {}, 90, {"SE"}}), "T2");
  EXPECT_EQ(channel({"", 9000, 120, {}, 90, {"SE", "IR"}}), "FLAIR") << "inverted, long and late: nothing else";
}

TEST(Classify, UsesWordsWhereTimesDoNotTell) {
  EXPECT_EQ(channel({"t2_tirm_tra_dark-fluid", 9000, 94, {}, 150, {"SE"}}), "FLAIR") << "no Inversion Time was kept";
  EXPECT_EQ(channel({"IBSI_1_MR_T1_image"}), "T1");
  EXPECT_EQ(channel({"T1 +C"}), "T1ce");
  EXPECT_EQ(channel({"3D FLAIR"}), "FLAIR");
  EXPECT_EQ(channel({"T1 FLAIR"}), "T1");
  EXPECT_EQ(channel({"axial"}), "");
}

TEST(Classify, TellsContrastFromTheTagFirst) {
  EXPECT_EQ(channel({"t1_se", 500, 12, {}, 90, {"SE"}, {}, "Gadovist"}), "T1ce");
  for (const char* none : {"NONE", "No", "", "n/a"})
    EXPECT_EQ(channel({"t1_se", 500, 12, {}, 90, {"SE"}, {}, none}), "T1") << none;
  EXPECT_EQ(channel({"t1_se pre gd", 500, 12, {}, 90, {"SE"}, {}, "Gadovist"}), "T1")
      << "the agent was entered for the whole examination";
  EXPECT_EQ(channel({"T2 tse post gd", 5000, 100, 0, 90, {"SE"}, {}, "Gadovist"}), "T2");
  EXPECT_EQ(channel({"t1 postoperative", 500, 12, {}, 90, {"SE"}}), "T1") << "\"post\" within a word is another word";
}

TEST(Classify, LeavesOutWhatIsNoneOfTheChannels) {
  EXPECT_EQ(channel({"loc", 7.5, 3.5, {}, 20, {"GR"}, {}, "", {"ORIGINAL", "PRIMARY", "LOCALIZER"}}), "");
  EXPECT_EQ(channel({"3D TOF", 22, 3.5, {}, 18, {"GR"}}), "") << "its times are those of a T1";
  EXPECT_EQ(channel({"ep2d_diff", 6000, 90, {}, 90, {"EP", "SE"}}), "");
  EXPECT_EQ(channel({"swi", 28, 20, {}, 15, {"GR"}}), "");
  EXPECT_EQ(channel({"STIR", 5000, 60, 160, 90, {"SE", "IR"}}), "");
  EXPECT_EQ(channel({"PD tse", 3000, 15, 0, 90, {"SE"}}), "");
  EXPECT_EQ(channel({"FIESTA", 5.2, 2.1, {}, 60, {"GR"}, {"SS", "SK"}}), "");
  EXPECT_EQ(channel({"ADC", 6000, 90, {}, 90, {"SE"}, {}, "", {"DERIVED", "SECONDARY", "ADC"}}), "");
  EXPECT_EQ(channel({"t1 se after perfusion", 500, 12, {}, 90, {"SE"}}), "T1") << "a spin echo is no perfusion scan";
}

TEST(Classify, GivesItsEvidence) {
  const SeriesClass what = classify_scan({"t1_fl3d_tra_post_gd", 22, 4.9, {}, 25, {"GR"}});
  EXPECT_THAT(what.evidence, testing::ElementsAre("Modality MR", "TR 22, TE 4.9 ms", "description says \"gd\""));
  const SeriesClass odd = classify_scan({"T1-weighted by t1mueller", {}, {}});
  EXPECT_THAT(odd.evidence, testing::Not(Contains(HasSubstr("mueller")))) << "only words that were foreseen are quoted";
}

TEST(Classify, CtAndPet) {
  EXPECT_EQ(channel({"head"}, "CT"), "CT");
  EXPECT_EQ(channel({"scout", {}, {}, {}, {}, {}, {}, "", {"ORIGINAL", "PRIMARY", "LOCALIZER"}}, "CT"), "");
  EXPECT_EQ(channel({"AC"}, "PT"), "PET");
  Series nac;
  nac.slices.emplace_back();
  nac.slices[0].modality = "PT";
  nac.slices[0].corrected_image = {"DECY", "RAN"};
  EXPECT_EQ(classify(nac).channel, "") << "attenuation is not corrected";
  EXPECT_EQ(channel({"x"}, "US"), "");
}

}  // namespace
}  // namespace consilium::imaging
