#include "fl/federation_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

using consilium::test::refusal;
using testing::HasSubstr;

TEST(FederationSettings, ASiteNameIsTheNameOfAFileAndNoPath) {
  for (const char* good : {"east", "site_1", "A.b-c", "x"}) EXPECT_NO_THROW(validate_site_names({good}, "sites")) << good;
  for (const char* bad : {"", ".", "..", ".hidden", "a/b", "a b", "a\nb", "<b>", "\xC3\xA4"})
    EXPECT_THAT(refusal(ErrorCode::kUsage,
                        [&] {
                          validate_site_names({"east", bad}, "file.sites");
                        }),
                HasSubstr("file.sites"))
        << bad;
  refusal(ErrorCode::kUsage, [] { validate_site_names({std::string(65, 'a')}, "sites"); });
  EXPECT_NO_THROW(validate_site_names({std::string(64, 'a')}, "sites"));
  EXPECT_THAT(refusal(ErrorCode::kUsage,
                      [] {
                        validate_site_names({"a", "b", "a"}, "sites");
                      }),
              HasSubstr("\"a\" is named twice"));
  refusal(ErrorCode::kUsage, [] { validate_site_names({}, "sites"); });
}

TEST(FederationSettings, ComeBackFromTheirJson) {
  const Json json{
      {"sites", {"east", "west"}}, {"rounds", 4}, {"quorum", 2}, {"deadline_seconds", 12.5}, {"policy", to_json(RoundPolicy{.late = LateUpdates::kMerge})},
      {"aggregation", {{"rule", "fedadam"}, {"learning_rate", 0.02}, {"beta1", 0.8}, {"beta2", 0.9}, {"tau", 0.1}}},
      {"compression", {{"codec", "topk"}, {"fraction", 0.1}, {"values", "int8"}, {"smallest", 64}, {"zstd_level", 5}}}, {"protection", Json::object()}, {"task", {{"steps", 3}}}};
  FederationSettings settings;
  SettingsReader reader(json, "test");
  read_federation_settings(reader, settings);
  reader.finish();
  EXPECT_EQ(to_json(settings), json);
}

TEST(FederationSettings, AQuorumIsMoreThanHalfUnlessItIsGiven) {
  EXPECT_EQ(quorum_of({.sites = {"a"}}), 1);
  EXPECT_EQ(quorum_of({.sites = {"a", "b"}}), 2);
  EXPECT_EQ(quorum_of({.sites = {"a", "b", "c"}}), 2);
  EXPECT_EQ(quorum_of({.sites = {"a", "b", "c", "d"}, .quorum = 1}), 1);
}

}  // namespace
}  // namespace consilium::fl
