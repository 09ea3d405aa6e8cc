#include "fl/wire/messages.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/error.h"
#include "base/rng.h"
#include "tests/fl/toy.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

Announced sample_announcement() { return {{2, 5, std::string(64, 'a'), "{}", {.codec = Codec::kRotation, .bits = 1}}, true, 4, chunk_list(std::string(3000000, 'x')), std::string(32, 'f')}; }

Update sample_update() {
  Update update = test::toy_update({2, 5, std::string(64, 'b'), ""}, 1, 7);
  update.step_norm = 7.5;
  update.delta = {};
  return update;
}

TEST(Messages, SayWhatTheyWereTold) {
  EXPECT_EQ(from_message(to_message(sample_announcement())), sample_announcement());
  const ChunkList chunks = chunk_list(std::string(3000000, 'x'));
  const Offer offer = from_message(to_message(sample_update(), chunks), 1 << 24);
  EXPECT_EQ(offer.delta, chunks);
  EXPECT_EQ(offer.update.cases_per_group, sample_update().cases_per_group);
  EXPECT_EQ(offer.update.validation, sample_update().validation);
  EXPECT_EQ(offer.update.metrics, sample_update().metrics);
  EXPECT_EQ(offer.codec, Codec::kNone);
  for (const Codec codec : codecs()) EXPECT_EQ(from_message(to_message(sample_update(), chunks, codec), 1 << 24).codec, codec);
  EXPECT_EQ(offer.update.step_norm, 7.5);
  const Receipt receipt = from_message(to_message(Receipt{ReceiptKind::kStale, "late"}));
  EXPECT_EQ(receipt.kind, ReceiptKind::kStale);
  EXPECT_EQ(receipt.reason, "late");
}

TEST(Messages, TheWeightOfAValidationCaseTravelsAndIsOneWhenAbsent) {
  const ChunkList chunks = chunk_list("x");
  Update update = sample_update();
  EXPECT_FALSE(to_message(update, chunks).has_validation_weight());
  update.validation.weight = 1.0 / 3;
  EXPECT_EQ(from_message(to_message(update, chunks), 1 << 24).update.validation, update.validation);
}

/// Updates are seen one by one under central noise, and yet a site has to know how short they must be.
TEST(Messages, PrivacyOfAPlanTravelsAlsoWithoutSecureAggregation) {
  Announced announced = sample_announcement();
  announced.plan.protection.privacy = ClientPrivacy{.clip = 0.25, .noise_multiplier = 2};
  EXPECT_EQ(from_message(to_message(announced)), announced);
}

TEST(Messages, CompressionThatCannotBeIsRefusedAsDamage) {
  for (const std::string& text : {std::string("{"), std::string("[]"), std::string(R"({"codec":"magic"})"), std::string(R"({"codec":"int8","block":0})"),
                                  std::string(R"({"codec":"int8","rank":1})"), "{" + std::string(5000, ' ') + "}"}) {
    pb::Announcement message = to_message(sample_announcement());
    message.set_compression(text);
    consilium::test::refusal(ErrorCode::kCorruptData, [&] { from_message(message); });
  }
}

TEST(Messages, ABestRoundThatCannotBeIsRefused) {
  for (const std::int64_t round : {-1, 6}) {
    pb::Announcement message = to_message(sample_announcement());
    message.set_best_round(round);
    EXPECT_THROW(from_message(message), Error) << round;
  }
}

TEST(Messages, WhatIsOutOfBoundsIsRefused) {
  const auto refused = [](auto change) {
    pb::UpdateOffer message = to_message(sample_update(), chunk_list(std::string(3000, 'x')));
    change(message);
    try {
      from_message(message, 1 << 20);
    } catch (const Error& error) {
      return error.code() == ErrorCode::kCorruptData;
    }
    return false;
  };
  EXPECT_TRUE(refused([](auto& m) { m.set_round(-1); }));
  EXPECT_TRUE(refused([](auto& m) { m.set_base_digest("short"); }));
  EXPECT_TRUE(refused([](auto& m) { m.set_codec("gzip"); }));
  EXPECT_TRUE(refused([](auto& m) { (*m.mutable_metrics())["loss"] = std::numeric_limits<double>::quiet_NaN(); }));
  EXPECT_TRUE(refused([](auto& m) { (*m.mutable_cases_per_group())[""] = 1; }));
  EXPECT_TRUE(refused([](auto& m) { m.mutable_delta()->set_size_bytes(1ULL << 62); }));
  EXPECT_TRUE(refused([](auto& m) { m.mutable_delta()->add_chunk_sha256(std::string(32, 'a')); }));
  EXPECT_TRUE(refused([](auto& m) { for (int n = 0; n < 5000; ++n) (*m.mutable_metrics())[std::to_string(n)] = 1; }));
  pb::Announcement message = to_message(sample_announcement());
  message.set_rounds(-1);
  EXPECT_THROW(from_message(message), Error);
  EXPECT_THROW(from_message(pb::Receipt()), Error);
}

TEST(Messages, AReasonThatQuotesASitesBytesStillTravels) {
  pb::Receipt received;
  ASSERT_TRUE(received.ParseFromString(to_message(Receipt{ReceiptKind::kRejected, "header \xFF of tensor"}).SerializeAsString())) << "protobuf takes sound UTF-8 only";
  EXPECT_EQ(from_message(received).reason, "header ? of tensor");
}

}  // namespace
}  // namespace consilium::fl
