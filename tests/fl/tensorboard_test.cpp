#include "fl/transport/tensorboard_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/settings.h"
#include "fl/wire/tensorboard.h"
#include "tests/support/program.h"

namespace consilium::fl {
namespace {

using consilium::test::run_program;

/// Another reader of the framing and of the messages: checksums by python3-crcmod, messages by `protoc --decode_raw`.
Json read_by_others(const fs::path& file) {
  const auto outcome = run_program({"/usr/bin/python3", std::string(CONSILIUM_SOURCE_DIR) + "/tests/fl/read_tensorboard.py", file.string()});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return outcome.code == 0 ? parse_json(outcome.out, "reader") : Json::array();
}

fs::path only_file(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder / "tensorboard")) files.push_back(entry.path());
  EXPECT_EQ(files.size(), 1U);
  EXPECT_THAT(files.at(0).filename().string(), testing::StartsWith("events.out.tfevents."));
  return files.at(0);
}

TEST(Tensorboard, AnotherReaderFindsEveryRound) {
  const TemporaryFolder folder;
  TensorboardFile file(folder.path());
  for (int round = 0; round < 3; ++round) {
    const double time = 1000 + round;
    file.add({.time = time, .kind = EventKind::kRoundOpened, .run = "r", .round = round, .numbers = {{"deadline_seconds", 1}, {"last_look", 0}}});
    file.add({.time = time, .kind = EventKind::kUpdateAccepted, .run = "r", .round = round, .site = "east", .numbers = {{"bytes", 100}, {"seconds", 2}, {"cases", 3}, {"loss", 0.5 + round}}});
    file.add({.time = time + 0.5, .kind = EventKind::kRoundClosed, .run = "r", .round = round, .numbers = {{"seconds", 5}, {"accepted", 1}, {"rejected", 0}, {"late", 2}, {"bytes_in", 100}, {"bytes_out", 300}, {"validation", 0.25 * round}, {"validation_cases", 2}}, .words = {{"missing", "north,west"}, {"merged", ""}, {"not_asked", ""}}});
  }
  const Json records = read_by_others(only_file(folder.path()));
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(records[0]["file_version"], "brain.Event:2");
  for (int round = 0; round < 3; ++round) {
    const Json& record = records[1 + round];
    EXPECT_EQ(record["step"], round);
    EXPECT_EQ(record["wall_time"], 1000.5 + round);
    const Json expected{{"loss/east", 0.5 + round}, {"seconds/east", 2}, {"upload_bytes/east", 100}, {"validation/mean", 0.25 * round}, {"round/seconds", 5}, {"round/accepted", 1}, {"round/rejected", 0}, {"round/late", 2}, {"bytes/in", 100}, {"bytes/out", 300}};
    EXPECT_EQ(record["scalars"], expected);
  }
}

TEST(Tensorboard, ADamagedRecordIsSeenByTheOtherReader) {
  const TemporaryFolder folder;
  std::string bytes = tfrecord(encode_tensorboard_scalars(1, 2, {{"loss", 0.5}}));
  bytes[14] ^= 1;
  write_file(folder.path() / "damaged", bytes);
  EXPECT_NE(run_program({"/usr/bin/python3", std::string(CONSILIUM_SOURCE_DIR) + "/tests/fl/read_tensorboard.py", (folder.path() / "damaged").string()}).code, 0);
}

}  // namespace
}  // namespace consilium::fl
