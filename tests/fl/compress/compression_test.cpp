#include "fl/compress/compression.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "fl/compress/composition.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

CompressionSettings parse(const Json& json) {
  CompressionSettings settings;
  SettingsReader reader(json, "compression");
  read_compression_settings(reader, settings);
  reader.finish();
  return settings;
}

TEST(CompressionSettings, ACodecKnowsItsOwnKeysOnly) {
  for (const Codec codec : codecs()) {
    const CompressionSettings settings = parse({{"codec", to_string(codec)}});
    EXPECT_EQ(settings.codec, codec);
    EXPECT_EQ(parse(to_json(settings)), settings);
  }
  EXPECT_EQ(parse(Json::object()), CompressionSettings{});
  EXPECT_EQ(parse({{"codec", "rotation"}}).bits, 2);
  EXPECT_EQ(parse({{"codec", "stochastic"}}).bits, 4);
  for (const Json& json :
       {Json{{"codec", "none"}, {"zstd_level", 3}}, Json{{"codec", "int8"}, {"bits", 8}}, Json{{"codec", "topk"}, {"rank", 2}},
        Json{{"codec", "sign"}, {"fraction", 0.1}}, Json{{"codec", "powersgd"}, {"block", 64}},
        Json{{"codec", "bf16"}, {"smallest", 1}}, Json{{"codec", "gzip"}}})
    EXPECT_THROW(parse(json), Error) << json;
}

TEST(CompressionSettings, ValuesOutOfRangeAreRefusedByTheirName) {
  for (const auto& [codec, key, value] : std::vector<std::tuple<const char*, const char*, Json>>{{"stochastic", "bits", 1},
                                                                                                 {"stochastic", "bits", 9},
                                                                                                 {"rotation", "bits", 0},
                                                                                                 {"rotation", "bits", 5},
                                                                                                 {"int8", "block", 15},
                                                                                                 {"int8", "block", 1 << 21},
                                                                                                 {"topk", "fraction", 0},
                                                                                                 {"topk", "fraction", 1.5},
                                                                                                 {"powersgd", "rank", 0},
                                                                                                 {"powersgd", "rank", 257},
                                                                                                 {"sign", "smallest", 0},
                                                                                                 {"bf16", "zstd_level", 20},
                                                                                                 {"bf16", "zstd_level", -1},
                                                                                                 {"topk", "values", "sign"}})
    EXPECT_NE(test::refusal(ErrorCode::kUsage,
                            [&] {
                              parse({{"codec", codec}, {key, value}});
                            })
                  .find(std::string("compression.") + key),
              std::string::npos)
        << codec << key << value;
}

TEST(CompressionSettings, UnbiasedCodecsTakeNoErrorFeedbackAndBiasedOnesAlwaysDo) {
  EXPECT_TRUE(parse({{"codec", "int8"}, {"error_feedback", true}}).error_feedback);
  for (const char* codec : {"stochastic", "rotation", "topk", "sign", "powersgd", "none"})
    EXPECT_THROW(parse({{"codec", codec}, {"error_feedback", true}}), Error) << codec;
  for (const Codec codec : codecs())
    EXPECT_EQ(feeds_errors_back({.codec = codec}), codec == Codec::kTopK || codec == Codec::kSign || codec == Codec::kPowerSgd)
        << to_string(codec);
  EXPECT_TRUE(feeds_errors_back({.codec = Codec::kBf16, .error_feedback = true}));
  EXPECT_FALSE(feeds_errors_back({.codec = Codec::kRotation, .error_feedback = true}));
}

TEST(Composition, TheTraitsAreThoseOfTheirCodec) {
  for (const Codec codec : codecs()) EXPECT_EQ(traits_of(codec).codec, codec);
}

TEST(Composition, ScaffoldTakesOnlyCodecsThatLoseNothingInTheEnd) {
  for (const Codec codec : codecs()) {
    EXPECT_EQ(obstacle({.codec = codec}, AggregationRule::kScaffold).empty(),
              codec == Codec::kNone || feeds_errors_back({.codec = codec}))
        << to_string(codec);
    EXPECT_EQ(obstacle({.codec = codec}, AggregationRule::kFedAvg), "");
  }
  EXPECT_NE(
      test::refusal(ErrorCode::kUsage,
                    [] { require_composes({.codec = Codec::kRotation}, AggregationRule::kScaffold, "federation.compression"); })
          .find("federation.compression: codec rotation does not go with the rule scaffold: the coordinator sums"),
      std::string::npos);
}

TEST(Composition, OnlyPlainUpdatesCanBeAddedBehindAMask) {
  for (const Protection protection : {Protection::kSecureAggregation, Protection::kHomomorphicEncryption})
    for (const Codec codec : codecs())
      EXPECT_EQ(obstacle({.codec = codec}, protection).empty(), codec == Codec::kNone) << to_string(codec);
  EXPECT_NO_THROW(require_composes({.codec = Codec::kNone}, Protection::kSecureAggregation, "federation"));
  EXPECT_NE(test::refusal(ErrorCode::kUsage,
                          [] { require_composes({.codec = Codec::kTopK}, Protection::kSecureAggregation, "federation"); })
                .find("federation: codec topk does not go with secure aggregation: each site sends other places"),
            std::string::npos);
}

TEST(Composition, ErrorFeedbackDoesNotGoWithDifferentialPrivacy) {
  for (const Codec codec : codecs())
    EXPECT_EQ(obstacle({.codec = codec}, Protection::kDifferentialPrivacy).empty(), !feeds_errors_back({.codec = codec}))
        << to_string(codec);
}

TEST(Composition, ErrorFeedbackThatIsChosenCounts) {
  const CompressionSettings with{.codec = Codec::kInt8, .error_feedback = true};
  EXPECT_EQ(obstacle(with, AggregationRule::kScaffold), "");
  EXPECT_NE(obstacle(with, Protection::kDifferentialPrivacy), "");
}

TEST(Composition, TheDocumentsTableIsTheProgrammes) {
  const std::string text = read_file(fs::path(CONSILIUM_SOURCE_DIR) / "docs/compression.md");
  EXPECT_NE(text.find("<!-- test: composition -->\n" + composition_table()), std::string::npos) << composition_table();
  EXPECT_NE(text.find("<!-- test: protections -->\n" + protection_table()), std::string::npos) << protection_table();
}

TEST(Composition, ASumHidesWhatRulesOfSingleUpdatesLookAt) {
  for (const Protection protection : {Protection::kSecureAggregation, Protection::kHomomorphicEncryption}) {
    for (const AggregationRule rule : {AggregationRule::kFedAvg, AggregationRule::kFedAvgM, AggregationRule::kFedAdam}) EXPECT_EQ(obstacle(protection, rule), "") << to_string(rule);
    for (const AggregationRule rule : {AggregationRule::kKrum, AggregationRule::kMedian, AggregationRule::kFlTrust, AggregationRule::kQFedAvg, AggregationRule::kFedCostWAvg, AggregationRule::kScaffold, AggregationRule::kNormBound})
      EXPECT_NE(obstacle(protection, rule), "") << to_string(rule);
  }
  EXPECT_EQ(obstacle(Protection::kDifferentialPrivacy, AggregationRule::kKrum), "");
  EXPECT_NE(test::refusal(ErrorCode::kUsage, [] { require_composes(Protection::kSecureAggregation, AggregationRule::kKrum, "federation.aggregation.rule"); })
                .find("federation.aggregation.rule: krum does not go with secure aggregation: it compares single updates"),
            std::string::npos);
}

}  // namespace
}  // namespace consilium::fl
