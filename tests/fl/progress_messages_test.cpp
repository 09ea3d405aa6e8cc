#include "fl/wire/progress_messages.h"

#include <gmock/gmock.h>
#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/rng.h"
#include "tests/fl/events.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

using consilium::test::refusal;
using testing::HasSubstr;

const SiteReport kReport{.state = SiteState::kTraining, .round = 3, .step = 5, .steps = 10, .loss = 0.5, .cases = 12, .validation_cases = 2, .device = "cpu"};

TEST(ProgressMessages, AReportSurvivesTheWire) {
  EXPECT_EQ(from_message(to_message(kReport)), kReport);
  const SiteReport early{.state = SiteState::kConfiguring};
  EXPECT_EQ(from_message(to_message(early)), early) << "no cases and no loss are not 0 cases and loss 0";
}

TEST(ProgressMessages, WhatASiteCannotSayIsRefused) {
  const auto words = [](auto change) {
    v1::SiteReport message = to_message(kReport);
    change(message);
    return refusal(ErrorCode::kCorruptData, [&] { from_message(message); });
  };
  EXPECT_THAT(words([](auto& m) { m.set_state("done"); }), HasSubstr("unknown state \"done\""));
  EXPECT_THAT(words([](auto& m) { m.set_state("enrolled"); }), HasSubstr("unknown state"));
  EXPECT_THAT(words([](auto& m) { m.set_state(std::string(1 << 20, 'x')); }), HasSubstr("unknown state"));
  EXPECT_THAT(words([](auto& m) { m.set_round(-1); }), HasSubstr("round -1"));
  EXPECT_THAT(words([](auto& m) { m.set_step(11); }), HasSubstr("step 11"));
  EXPECT_THAT(words([](auto& m) { m.set_steps(std::numeric_limits<std::int64_t>::max()); }), HasSubstr("steps"));
  EXPECT_THAT(words([](auto& m) { m.set_cases(-5); }), HasSubstr("cases -5"));
  EXPECT_THAT(words([](auto& m) { m.set_validation_cases(1000001); }), HasSubstr("validation_cases"));
}

TEST(ProgressMessages, ALossThatIsNoNumberIsLeftOutAndADeviceMadePlain) {
  v1::SiteReport message = to_message(kReport);
  message.set_loss(std::numeric_limits<double>::quiet_NaN());
  message.set_device("gpu\x1b[2J" + std::string(1000, 'x'));
  const SiteReport report = from_message(message);
  EXPECT_FALSE(report.loss.has_value());
  EXPECT_EQ(report.device.size(), 64U);
  EXPECT_EQ(report.device.substr(0, 7), "gpu??2J");
}

TEST(ProgressMessages, MutatedReportsAreReadOrRefusedAndNothingElse) {
  google::protobuf::SetLogHandler(nullptr);  // a line on stderr for every text that is not UTF-8
  const std::string good = to_message(kReport).SerializeAsString();
  Rng rng(5);
  int read = 0;
  for (int n = 0; n < 20000; ++n) {
    std::string bytes = good;
    for (int change = 0; change < 3; ++change) bytes[rng.below(bytes.size())] = static_cast<char>(rng.below(256));
    v1::SiteReport message;
    if (!message.ParseFromString(bytes)) continue;
    try {
      const SiteReport report = from_message(message);
      EXPECT_EQ(from_message(to_message(report)), report);
      ++read;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
    }
  }
  EXPECT_GT(read, 100);
}

TEST(ProgressMessages, ObservationsSurviveTheWireAndDamageIsRefused) {
  Observed observed;
  for (const EventSchema& schema : event_schemas()) (schema.is_passing ? observed.latest : observed.events).push_back(test::example_of(schema));
  const Observed back = from_message(to_message(observed));
  EXPECT_EQ(back.events, observed.events);
  EXPECT_EQ(back.latest, observed.latest);
  v1::Observation message;
  message.add_event("{");
  refusal(ErrorCode::kCorruptData, [&] { from_message(message); });
}

}  // namespace
}  // namespace consilium::fl
