#include "fl/event.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "tests/fl/events.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

using consilium::test::refusal;
using test::example_of;
using testing::HasSubstr;

TEST(Event, EveryKindSurvivesJson) {
  for (const EventSchema& schema : event_schemas()) {
    const Event event = example_of(schema);
    EXPECT_EQ(parse_event(parse_json(to_json(event).dump(), "line"), "line"), event) << schema.word;
  }
}

TEST(Event, EveryKindHasOneSchemaAndOneWord) {
  std::set<std::string_view> words;
  std::set<EventKind> kinds;
  for (const EventSchema& schema : event_schemas()) {
    EXPECT_TRUE(words.insert(schema.word).second) << schema.word;
    EXPECT_TRUE(kinds.insert(schema.kind).second) << schema.word;
    EXPECT_FALSE(schema.meaning.empty()) << schema.word;
  }
  EXPECT_EQ(kinds.size(), static_cast<std::size_t>(EventKind::kFailed) + 1) << "a kind has no schema";
}

TEST(Event, LooksAsDocumented) {
  const Event event{.time = 1795660705.123, .kind = EventKind::kUpdateRejected, .run = "r", .round = 3, .site = "east", .numbers = {{"bytes", 7}, {"seconds", 1.5}}, .words = {{"reason", "no"}}};
  EXPECT_EQ(to_json(event), parse_json(R"({"schema":"consilium.event/1","time":"2026-11-26T02:38:25.123Z","run":"r","event":"update_rejected","round":3,"site":"east","bytes":7,"seconds":1.5,"reason":"no"})", "t"));
}

TEST(Event, WhatItsSchemaDoesNotSayIsRefused) {
  const Event good{.time = 1, .kind = EventKind::kConnected, .run = "r", .site = "east"};
  validate(good);
  const auto words = [&](auto change) {
    Event event = good;
    change(event);
    return refusal(ErrorCode::kUnexpected, [&] { validate(event); });
  };
  EXPECT_THAT(words([](Event& e) { e.site.clear(); }), HasSubstr("no site"));
  EXPECT_THAT(words([](Event& e) { e.round = 1; }), HasSubstr("a round"));
  EXPECT_THAT(words([](Event& e) { e.words["path"] = "/data/patient"; }), HasSubstr("unknown path"));
  EXPECT_THAT(words([](Event& e) { e.numbers["dice"] = 1; }), HasSubstr("unknown dice"));
  EXPECT_THAT(words([](Event& e) { e.time = std::numeric_limits<double>::quiet_NaN(); }), HasSubstr("time"));
  EXPECT_THAT(words([](Event& e) { e.kind = EventKind::kFailed; }), HasSubstr("a site"));
}

TEST(Event, DamagedLinesAreRefusedWithWords) {
  const Json good = to_json(Event{.time = 1, .kind = EventKind::kConnected, .run = "r", .site = "east"});
  const auto words = [&](auto change) {
    Json json = good;
    change(json);
    return refusal(ErrorCode::kCorruptData, [&] { parse_event(json, "line 3"); });
  };
  EXPECT_THAT(words([](Json& j) { j["event"] = "exploded"; }), HasSubstr("line 3: unknown event \"exploded\""));
  EXPECT_THAT(words([](Json& j) { j.erase("site"); }), HasSubstr("no site"));
  EXPECT_THAT(words([](Json& j) { j["time"] = "yesterday"; }), HasSubstr("yesterday"));
  EXPECT_THAT(words([](Json& j) { j["schema"] = "consilium.event/2"; }), HasSubstr("schema"));
  EXPECT_THAT(words([](Json& j) { j["list"] = {1}; }), HasSubstr("list"));
  EXPECT_THAT(words([](Json& j) { j = Json::array(); }), HasSubstr("no object"));
}

TEST(Event, TextOfPeersIsMadePlain) {
  EXPECT_EQ(plain_text("a\x1b[2J<b>\n"), "a??2J?b??");
  EXPECT_EQ(plain_text(std::string(500, 'x')).size(), 200U);
}

}  // namespace
}  // namespace consilium::fl
