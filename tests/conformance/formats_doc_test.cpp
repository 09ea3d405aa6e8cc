#include "tests/conformance/formats_doc.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <regex>

#include "imaging/label_scheme.h"
#include "imaging/phantom/site_profile.h"
#include "pipelines/coordinate.h"
#include "pipelines/estimate_cost.h"
#include "pipelines/peers_settings.h"
#include "pipelines/relay.h"
#include "pipelines/run_results.h"

// docs/formats.md is compared with the program, so that it cannot rot.
namespace consilium {
namespace {

using test::documented;
using test::key_paths;

TEST(FormatsDoc, CoordinatorSettingsAreTheProgramsWithTheirDefaults) {
  const auto parse = [](const Json& json) { return to_json(pipelines::parse_coordinate_settings(json, "doc", "")); };
  const Json block = documented("coordinator");
  EXPECT_EQ(parse(block), block);
  EXPECT_EQ(parse({{"keys", block["keys"]},
                   {"initial_model", block["initial_model"]},
                   {"folder", block["folder"]},
                   {"sites", block["sites"]}}),
            block);
}

TEST(FormatsDoc, PeersAreTheProgramsWithTheirDefaults) {
  const auto parse = [](const Json& json) { return to_json(pipelines::parse_peers_settings(json, "doc", "")); };
  const Json block = documented("peers");
  EXPECT_EQ(parse(block), block);
  EXPECT_EQ(parse({{"initial_model", block["initial_model"]}, {"sites", block["sites"]}, {"listen", block["listen"]}, {"relay", block["relay"]}}), block);
}

TEST(FormatsDoc, RelaySettingsAreTheProgramsWithTheirDefaults) {
  const auto parse = [](const Json& json) { return to_json(pipelines::parse_relay_settings(json, "doc", "")); };
  const Json block = documented("relay");
  EXPECT_EQ(parse(block), block);
  EXPECT_EQ(parse({{"keys", block["keys"]}, {"folder", block["folder"]}, {"sites", block["sites"]}}), block);
}

TEST(FormatsDoc, EstimateSettingsAreTheProgramsWithTheirDefaults) {
  const auto parse = [](const Json& json) { return to_json(fl::parse_estimate_settings(json, "doc")); };
  const Json block = documented("estimate");
  EXPECT_EQ(parse(block), block);
  EXPECT_EQ(parse(Json::object()), block);
}

TEST(FormatsDoc, EstimateResultsAreTheProgramsKeys) {
  Json written = pipelines::to_json(pipelines::CostSummary{.never = {"site_00008"}}, {}, "");
  written["settings"] = Json::object();
  EXPECT_EQ(key_paths(written), key_paths(documented("estimate_results")));
}

TEST(FormatsDoc, ResultsAreTheProgramsKeys) {
  const Json block = documented("results");
  EXPECT_EQ(pipelines::to_json(pipelines::parse_run_results(block, "doc")), block);
}

TEST(FormatsDoc, EvaluationHasTheProgramsKeys) {
  pipelines::EvaluationReport report{"brats2023", {{"p1", {{"WT", 0.9, 3, 40, 41}}}}, {{"p2", "no prediction of that name"}}};
  EXPECT_EQ(pipelines::to_json(report), documented("evaluation"));
}

/// The keys that a reader knows, from its refusal of one that it does not.
std::set<std::string> known_keys(Json json, const Json::json_pointer& where) {
  json[where]["no_key_is_called_anything_like_this"] = 1;
  try {
    imaging::parse_site_profile(json, "doc");
  } catch (const Error& error) {
    const std::string message = error.what();
    const std::size_t list = message.find("known keys: ");
    if (list == std::string::npos) {
      ADD_FAILURE() << message;
      return {};
    }
    std::set<std::string> keys;
    const std::string words = message.substr(list + 12);
    const std::regex word("[a-z_]+");
    for (auto at = std::sregex_iterator(words.begin(), words.end(), word); at != std::sregex_iterator(); ++at)
      keys.insert(at->str());
    return keys;
  }
  ADD_FAILURE() << "an unknown key was accepted";
  return {};
}

TEST(FormatsDoc, SiteProfileShowsEveryKey) {
  const Json block = documented("site_profile");
  for (const char* where : {"", "/protocol/0", "/protocol/0/sequence", "/population"}) {
    const Json::json_pointer pointer(where);
    std::set<std::string> shown;
    for (const auto& item : block[pointer].items()) shown.insert(item.key());
    EXPECT_EQ(shown, known_keys(block, pointer)) << where;
  }
}

TEST(FormatsDoc, SiteProfileShowsTheDefaults) {
  const auto draw = [](const Json& json) {
    const auto profile = imaging::parse_site_profile(json, "doc");
    Rng rng(3);
    const auto head = imaging::draw_patient(profile, rng);
    const auto exam = imaging::plan_exam(profile, rng);
    return std::tuple(profile.cases, profile.held_out_cases, profile.delivery, profile.spacing_mm, head.spacing_mm, head.atrophy,
                      head.tumour.radius_mm, head.tumour.rim_mm, head.tumour.oedema_reach_mm, head.tumour.irregularity,
                      head.tumour.low_grade, exam[0].grid, exam[0].snr, exam[0].bias, exam[0].gain, exam[0].motion,
                      exam[0].sequence.tr_ms, exam[0].sequence.te_ms, exam[0].field_tesla);
  };
  const Json block = documented("site_profile");
  EXPECT_EQ(draw(block), draw({{"name", block["name"]}, {"protocol", {{{"name", "T1ce"}, {"dose", 1}}}}}));
}

TEST(FormatsDoc, LabelSchemesAreAllNamed) {
  const std::string text = read_file(fs::path(CONSILIUM_SOURCE_DIR) / "docs/formats.md");
  try {
    imaging::label_scheme("");
    FAIL() << "a scheme without a name";
  } catch (const Error& error) {
    const std::string message = error.what();
    const std::string known = message.substr(message.find("known are ") + 10);
    const std::regex word("[a-z0-9]+");
    for (auto at = std::sregex_iterator(known.begin(), known.end(), word); at != std::sregex_iterator(); ++at)
      EXPECT_NE(text.find("`" + at->str() + "`"), std::string::npos) << at->str();
  }
}

}  // namespace
}  // namespace consilium
