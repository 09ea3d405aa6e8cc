#include "fl/event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "base/error.h"
#include "base/files.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

using consilium::test::refusal;
using testing::HasSubstr;

Event progress(double time, std::int64_t step, const std::string& site = "east") { return {.time = time, .kind = EventKind::kTrainingProgress, .run = "r", .round = 0, .site = site, .numbers = {{"step", static_cast<double>(step)}, {"steps", 1000}}}; }
Event connected(double time, const std::string& site = "east") { return {.time = time, .kind = EventKind::kConnected, .run = "r", .site = site}; }

std::vector<Event> lines_of(const fs::path& file) {
  std::vector<Event> events;
  std::istringstream lines(read_file(file));
  for (std::string line; std::getline(lines, line);) events.push_back(parse_event(parse_json(line, "line"), "line"));
  return events;
}

class Log : public testing::Test {
 protected:
  TemporaryFolder folder;
};

TEST_F(Log, TheTableAndTheFileHoldTheSameEvents) {
  const std::vector<Event> told{connected(1), connected(2, "west"), {.time = 3, .kind = EventKind::kDisconnected, .run = "r", .site = "east"}};
  EventLog log(folder.path(), "r");
  for (const Event& event : told) log.append(event);
  EXPECT_EQ(EventReader(folder.path()).next(), told);
  EXPECT_EQ(lines_of(folder.path() / "events.jsonl"), told);
}

TEST_F(Log, IsReadWhileItIsWritten) {
  EventLog log(folder.path(), "r");
  log.append(connected(1));
  EventReader reader(folder.path());
  EXPECT_EQ(reader.next().size(), 1U);
  EXPECT_TRUE(reader.next().empty());
  log.append(connected(2, "west"));
  log.beat(5);
  EXPECT_EQ(reader.next(), std::vector{connected(2, "west")});
  EXPECT_EQ(reader.alive_at(), 5);
}

TEST_F(Log, ARunThatGoesOnKeepsItsNameAndItsEvents) {
  {
    EventLog log(folder.path(), "first");
    EXPECT_TRUE(log.is_new());
    log.append(connected(1));
  }
  // A kill cut the last line off.
  const std::string whole = read_file(folder.path() / "events.jsonl");
  write_file(folder.path() / "events.jsonl", whole + R"({"schema":"cons)");
  EventLog log(folder.path(), "second");
  EXPECT_FALSE(log.is_new());
  EXPECT_EQ(log.run(), "first");
  log.append(connected(2, "west"));
  EXPECT_EQ(EventReader(folder.path()).next().size(), 2U);
  EXPECT_THAT(read_file(folder.path() / "events.jsonl"), testing::EndsWith("{\"schema\":\"cons\n" + to_json(connected(2, "west")).dump() + "\n"));
}

TEST_F(Log, OfProgressSomeIsKeptAndTheNewestKnown) {
  EventLog log(folder.path(), "r", {.passing_seconds = 5});
  for (int second = 0; second <= 22; ++second) log.append(progress(100 + second, second));
  log.append(progress(122.5, 1000));  // all steps: kept whatever the time
  log.append({.time = 123, .kind = EventKind::kHeartbeat, .run = "r", .site = "east"});
  EventReader reader(folder.path());
  std::vector<double> steps;
  for (const Event& event : reader.next()) steps.push_back(event.numbers.at("step"));
  EXPECT_EQ(steps, (std::vector<double>{0, 5, 10, 15, 20, 1000}));
  const std::vector<Event> latest = reader.latest();
  ASSERT_EQ(latest.size(), 2U);
  EXPECT_EQ(latest[0].numbers.at("step"), 1000);
  EXPECT_EQ(latest[1].kind, EventKind::kHeartbeat);
}

TEST_F(Log, IsBoundedAndProgressGoesFirst) {
  EventLog log(folder.path(), "r", {.most_events = 100, .passing_seconds = 0});
  log.append({.time = 0, .kind = EventKind::kRunStarted, .run = "r", .numbers = {{"rounds", 1}, {"quorum", 1}, {"deadline_seconds", 1}}, .words = {{"sites", "east"}}});
  for (int n = 0; n < 60; ++n) log.append(connected(n));
  for (int n = 0; n < 500; ++n) log.append(progress(100 + n, n));
  std::vector<Event> events = EventReader(folder.path()).next();
  EXPECT_LE(events.size(), 100U);
  EXPECT_GE(events.size(), 90U);
  EXPECT_EQ(std::count_if(events.begin(), events.end(), [](const Event& e) { return e.kind == EventKind::kConnected; }), 60);
  EXPECT_EQ(events.back().numbers.at("step"), 499);
  for (int n = 0; n < 500; ++n) log.append(connected(1000 + n));
  events = EventReader(folder.path()).next();
  EXPECT_LE(events.size(), 100U);
  EXPECT_EQ(events.front().kind, EventKind::kRunStarted) << "it says which sites there are";
  EXPECT_EQ(events.back().time, 1499);
}

TEST_F(Log, TheFileIsRenewedWhenItIsFull) {
  EventLog log(folder.path(), "r", {.most_bytes = 1000});
  for (int n = 0; n < 40; ++n) log.append(connected(n));
  EXPECT_LE(fs::file_size(folder.path() / "events.jsonl"), 1000U);
  EXPECT_LE(fs::file_size(folder.path() / "events.1.jsonl"), 1000U);
  EXPECT_EQ(lines_of(folder.path() / "events.jsonl").back(), connected(39));
}

TEST_F(Log, WhatIsNoRunIsRefused) {
  EXPECT_THAT(refusal(ErrorCode::kNotFound, [&] { EventReader{folder.path()}; }), HasSubstr("run.sqlite"));
  write_file(folder.path() / "run.sqlite", std::string(4096, 'x'));
  EXPECT_THAT(refusal(ErrorCode::kCorruptData, [&] { EventReader{folder.path()}; }), HasSubstr("run.sqlite"));
}

TEST_F(Log, ADatabaseWithoutEventsSaysSo) {
  Sqlite(folder.path() / "run.sqlite", SqliteMode::kWrite).run("CREATE TABLE rounds(round INTEGER)");
  EXPECT_THAT(refusal(ErrorCode::kNotFound, [&] { EventReader{folder.path()}; }), HasSubstr("holds no events"));
}

TEST_F(Log, ARowThatIsNoEventIsDamage) {
  { EventLog(folder.path(), "r").append(connected(1)); }
  Sqlite(folder.path() / "run.sqlite", SqliteMode::kWrite).run("UPDATE events SET body = '{\"schema\": 7}'");
  EventReader reader(folder.path());
  EXPECT_THAT(refusal(ErrorCode::kCorruptData, [&] { reader.next(); }), HasSubstr("event 1"));
}

}  // namespace
}  // namespace consilium::fl
