#include "fl/wire/letter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "fl/transport/letter_box.h"
#include "models/state/safetensors.h"
#include "tests/fl/noise_trainer.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

using consilium::test::refusal;
using test::noise_state;
using testing::HasSubstr;

SharedModel model(std::uint64_t seed) { return std::make_shared<const ModelState>(noise_state(Rng(seed), 1)); }

PeerMessage full_message() {
  PeerMessage m{.kind = PeerMessageKind::kReady, .from = "east", .to = "west", .round = 3, .view = 2, .part = 1, .digest = std::string(64, 'a'), .accepted_view = 1, .blamed = {{"north", "not finite"}}};
  Update update;
  update.round = 3;
  update.base_digest = std::string(64, 'b');
  update.cases_per_group = {{"trunk", 7}};
  update.validation = {0.25, 4};
  update.step_norm = 12.5;
  update.metrics = {{"loss", 0.1}};
  m.update = update;
  m.reports = {{.round = 2, .base_digest = std::string(64, 'c'), .result_digest = std::string(64, 'd'), .validation = 0.1 + 0.2, .validation_cases = 3, .sites = {{"east", Participation::kAccepted, "", 7, {0.25, 4}, {{"loss", 0.1}}}}}};
  m.delta = model(1);
  m.weights = {model(2), nullptr, std::make_shared<const ModelState>()};
  return m;
}

/// A letter as it comes in, without the box.
PeerMessage travel(const PeerMessage& message, std::uint64_t limit = 1 << 24) {
  const LetterBody body = encode_body(message);
  pb::Letter letter;
  EXPECT_TRUE(letter.ParseFromString(to_message(message, body).SerializeAsString()));
  const TemporaryFolder folder;
  write_file(folder.path() / "body", body.bytes);
  return read_letter(from_message(letter, limit), OpenFile(folder.path() / "body", false));
}

TEST(Letter, SaysTheSameAfterItsWay) {
  const PeerMessage sent = full_message(), came = travel(sent);
  EXPECT_EQ(std::tie(came.kind, came.round, came.view, came.part, came.digest, came.accepted_view, came.blamed, came.reports), std::tie(sent.kind, sent.round, sent.view, sent.part, sent.digest, sent.accepted_view, sent.blamed, sent.reports));
  EXPECT_EQ(*came.delta, *sent.delta);
  ASSERT_EQ(came.weights.size(), 3U);
  EXPECT_EQ(*came.weights[0], *sent.weights[0]);
  EXPECT_EQ(came.weights[1], nullptr);
  EXPECT_EQ(*came.weights[2], ModelState{});
  EXPECT_EQ(came.update->cases_per_group, sent.update->cases_per_group);
  EXPECT_EQ(came.update->step_norm, 12.5);
  EXPECT_EQ(came.update->metrics, sent.update->metrics);
  const PeerMessage ack = travel({.kind = PeerMessageKind::kAck, .round = 5, .view = 1, .part = 9, .acked = PeerMessageKind::kPiece});
  EXPECT_EQ(ack.kind, PeerMessageKind::kAck);
  EXPECT_EQ(ack.acked, PeerMessageKind::kPiece);
}

TEST(Letter, WhatCannotBeIsRefusedBeforeMemoryIsTaken) {
  const LetterBody body = encode_body(full_message());
  const pb::Letter sound = to_message(full_message(), body);
  const auto refused = [&](auto change) {
    pb::Letter letter = sound;
    change(letter);
    return refusal(ErrorCode::kCorruptData, [&] { from_message(letter, 1 << 24); });
  };
  EXPECT_THAT(refused([](pb::Letter& l) { l.set_kind(static_cast<pb::Letter::Kind>(99)); }), HasSubstr("unknown kind"));
  EXPECT_THAT(refused([](pb::Letter& l) { l.set_round(-1); }), HasSubstr("round"));
  EXPECT_THAT(refused([](pb::Letter& l) { l.set_view(std::numeric_limits<std::int64_t>::max()); }), HasSubstr("view"));
  EXPECT_THAT(refused([](pb::Letter& l) { l.set_digest("xyz"); }), HasSubstr("digest"));
  EXPECT_THAT(refused([](pb::Letter& l) { l.set_accepted_view(-2); }), HasSubstr("accepted view"));
  EXPECT_THAT(refused([](pb::Letter& l) { l.mutable_sections(0)->set_size_bytes(l.sections(0).size_bytes() + 1); }), HasSubstr("section"));
  EXPECT_THAT(refused([](pb::Letter& l) { l.mutable_sections()->RemoveLast(), l.mutable_sections()->RemoveLast(), l.mutable_sections()->RemoveLast(); }), HasSubstr("no section"));
  EXPECT_THAT(refused([](pb::Letter& l) { l.mutable_content()->set_size_bytes(1ULL << 60); }), HasSubstr("bytes"));
  EXPECT_THAT(refusal(ErrorCode::kCorruptData, [&] { from_message(sound, 1000); }), HasSubstr("more bytes"));
}

TEST(Letter, TheSameLetterHasTheSameNameAndAnotherHasAnother) {
  const LetterBody body = encode_body(full_message());
  const pb::Letter letter = to_message(full_message(), body);
  pb::Letter other = letter;
  other.set_part(0);
  EXPECT_EQ(letter_name("east", "west", letter), letter_name("east", "west", letter));
  EXPECT_NE(letter_name("east", "west", letter), letter_name("east", "north", letter));
  EXPECT_NE(letter_name("east", "west", letter), letter_name("east", "west", other));
}

class LetterBoxes : public testing::Test {
 protected:
  LetterBox box() const { return LetterBox({.folder = folder_.path(), .most_bytes = 8 << 20, .most_letters = 4}); }
  static pb::Chunk chunk(const LetterBody& body, std::size_t index) {
    pb::Chunk chunk;
    chunk.set_sha256(body.list.hashes[index]);
    chunk.set_data(std::string(chunk_of(body.bytes, index)));
    return chunk;
  }
  std::size_t files() const {
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path())) count += entry.is_regular_file() ? 1 : 0;
    return count;
  }

  const PeerMessage message_ = full_message();
  const LetterBody body_ = encode_body(message_);
  const pb::Letter letter_ = to_message(message_, body_);
  const std::string name_ = letter_name("east", "west", letter_);
  TemporaryFolder folder_;
};

TEST_F(LetterBoxes, APieceThatCameBeforeAKillIsNotAskedForAgain) {
  std::vector<std::uint64_t> missing;
  {
    LetterBox before = box();
    missing = *before.take_head("east", name_, letter_);
    EXPECT_EQ(missing.size(), body_.list.hashes.size());
    before.take_chunk("east", name_, chunk(body_, 2));
    EXPECT_FALSE(before.next(0));
  }
  LetterBox after = box();
  missing = *after.take_head("east", name_, letter_);
  EXPECT_EQ(missing.size(), body_.list.hashes.size() - 1);
  for (const std::uint64_t index : missing) after.take_chunk("east", name_, chunk(body_, index));
  const auto received = after.next(0);
  ASSERT_TRUE(received);
  EXPECT_EQ(received->message.from, "east");
  EXPECT_EQ(*received->message.delta, *message_.delta);
  EXPECT_EQ(files(), 2U) << "until it has been taken it lies on disk";
  after.remove(received->number);
  EXPECT_EQ(files(), 0U);
}

TEST_F(LetterBoxes, ALetterWhoseTimeHasNotComeWaits) {
  LetterBox box = this->box();
  const PeerMessage small{.kind = PeerMessageKind::kAccepted, .round = 4, .digest = std::string(64, 'e')};
  const pb::Letter letter = to_message(small, encode_body(small));
  box.take_head("east", letter_name("east", "west", letter), letter);
  const auto first = box.next(0);
  ASSERT_TRUE(first);
  box.put_back(first->number);
  EXPECT_FALSE(box.next(0));
  box.retry();
  EXPECT_EQ(box.next(0)->message.round, 4);
}

TEST_F(LetterBoxes, AChunkThatIsNotTheAnnouncedOneIsRefused) {
  LetterBox box = this->box();
  EXPECT_THAT(refusal(ErrorCode::kNotFound, [&] { box.take_chunk("east", name_, chunk(body_, 0)); }), HasSubstr("head has not come"));
  box.take_head("east", name_, letter_);
  pb::Chunk changed = chunk(body_, 0);
  (*changed.mutable_data())[5] ^= 1;
  EXPECT_THAT(refusal(ErrorCode::kCorruptData, [&] { box.take_chunk("east", name_, changed); }), HasSubstr("SHA-256"));
  EXPECT_THAT(refusal(ErrorCode::kNotFound, [&] { box.take_chunk("north", name_, chunk(body_, 0)); }), HasSubstr("head has not come")) << "another sender's letter";
}

/// What one sender begins and does not end costs no more than its share, and nobody else's.
TEST_F(LetterBoxes, OneSenderTakesNoMoreThanItsShare) {
  LetterBox box = this->box();
  for (std::int64_t round = 0; round < 20; ++round) {
    PeerMessage message = message_;
    message.round = round;
    const pb::Letter letter = to_message(message, body_);
    EXPECT_TRUE(box.take_head("east", letter_name("east", "west", letter), letter));
    EXPECT_LE(files(), 8U);
  }
  for (std::int64_t round = 0; round < 6; ++round) {  // whole, and unread
    const PeerMessage small{.kind = PeerMessageKind::kAccepted, .round = round};
    const pb::Letter letter = to_message(small, encode_body(small));
    EXPECT_EQ(box.take_head("east", letter_name("east", "west", letter), letter).has_value(), round < 4) << round;
  }
  EXPECT_TRUE(box.take_head("north", name_, letter_));
}

}  // namespace
}  // namespace consilium::fl
