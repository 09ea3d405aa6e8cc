#include "pipelines/status_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fl/events.h"

namespace consilium::pipelines {
namespace {

using testing::HasSubstr;

fl::RunStatus some_status() {
  fl::RunStatus status;
  const auto tell = [&](double time, fl::EventKind kind, std::int64_t round, const std::string& site, std::map<std::string, double> numbers = {}, std::map<std::string, std::string> words = {}) {
    apply(status, fl::Event{time, kind, "run-1", round, site, std::move(numbers), std::move(words)});
  };
  tell(100, fl::EventKind::kRunStarted, -1, "", {{"rounds", 3}, {"quorum", 2}, {"deadline_seconds", 60}}, {{"sites", "east,north,west"}});
  tell(100, fl::EventKind::kRoundOpened, 0, "", {{"deadline_seconds", 60}, {"last_look", 0}}, {{"not_asked", ""}});
  tell(101, fl::EventKind::kConnected, -1, "east");
  tell(110, fl::EventKind::kUpdateAccepted, 0, "east", {{"bytes", 7000000}, {"seconds", 10}, {"cases", 12}, {"loss", 0.5}});
  tell(111, fl::EventKind::kUpdateRejected, 0, "north", {{"bytes", 0}, {"seconds", 10}}, {{"reason", "not finite"}});
  tell(112, fl::EventKind::kRoundClosed, 0, "", {{"seconds", 12}, {"accepted", 1}, {"rejected", 1}, {"late", 1}, {"bytes_in", 0}, {"bytes_out", 0}, {"validation", 0.625}, {"validation_cases", 4}}, {{"missing", "north,west"}, {"merged", ""}, {"not_asked", ""}});
  tell(112, fl::EventKind::kRoundOpened, 1, "", {{"deadline_seconds", 60}, {"last_look", 0}}, {{"not_asked", ""}});
  tell(113, fl::EventKind::kSiteState, -1, "east", {}, {{"state", "training"}});
  tell(113, fl::EventKind::kTrainingProgress, 1, "east", {{"step", 5}, {"steps", 20}});
  return status;
}

TEST(StatusText, ShowsSitesRoundsAndWarnings) {
  const std::string text = status_text(some_status(), 120);
  EXPECT_THAT(text, testing::StartsWith("run-1: at work, 1 of 3 rounds closed, validation 0.625, 20 s\n"));
  EXPECT_THAT(text, testing::ContainsRegex("east +training 5/20 \\(25 %\\) +yes +no +12 +0.500 +7.0 s ago +never +7.0 MB +0 B +1/0/0\n"));
  EXPECT_THAT(text, testing::ContainsRegex("west +enrolled +no +no +\\? +- +never"));
  EXPECT_THAT(text, testing::ContainsRegex("round 1 +\\[\\+x\\.\\] +0.625 +12 s +=+\n"));
  EXPECT_THAT(text, testing::ContainsRegex("round 2 +\\[   \\] +- +8.0 s so far +-+\n"));
  EXPECT_THAT(text, HasSubstr("WARNING: site west has not been seen yet\n"));
}

TEST(StatusText, AnEventIsOneLine) {
  for (const fl::EventSchema& schema : fl::event_schemas()) {
    const std::string line = event_text(fl::test::example_of(schema));
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_THAT(line, HasSubstr(std::string(schema.word)));
  }
}

TEST(StatusText, BytesHaveUnitsOfAThousand) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(999), "999 B");
  EXPECT_EQ(format_bytes(1000), "1.0 kB");
  EXPECT_EQ(format_bytes(22600000), "22.6 MB");
  EXPECT_EQ(format_bytes(123456789012.0), "123 GB");
}

}  // namespace
}  // namespace consilium::pipelines
