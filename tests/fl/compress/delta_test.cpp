#include "fl/compress/delta.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "base/files.h"
#include "fl/compress/delta_format.h"
#include "tests/fl/compress/deltas.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

const CompressionSeed kSeed{"digest", "east", 3};

std::vector<CompressionSettings> every_codec() {
  std::vector<CompressionSettings> all;
  for (const Codec codec : codecs()) all.push_back({.codec = codec, .bits = codec == Codec::kRotation ? 2 : 4});
  return all;
}

ModelState decoded(const std::string& bytes, const ModelState& global = test::layout()) {
  return DeltaDecoder(ByteSource::of_bytes(bytes), global, "bytes").decode_all();
}

TEST(Delta, EveryCodecGivesBackTheLayoutAndAboutTheValues) {
  const ModelState delta = test::heavy_tailed_delta(1);
  // Largest relative error of heavy-tailed values, tensor by tensor, as the codecs' own tests bound it; with some room.
  const std::map<Codec, double> most{{Codec::kNone, 0},         {Codec::kBf16, 0.004},  {Codec::kInt8, 0.03},
                                     {Codec::kStochastic, 0.6}, {Codec::kTopK, 0.8},    {Codec::kSign, 0.95},
                                     {Codec::kPowerSgd, 1.0},   {Codec::kRotation, 0.4}};
  for (const CompressionSettings& settings : every_codec()) {
    SCOPED_TRACE(to_string(settings.codec));
    const ModelState found = decoded(encode_delta(delta, test::layout(), settings, kSeed));
    EXPECT_NO_THROW(require_same_layout(delta, found));
    for (std::size_t t = 0; t < delta.tensors.size(); ++t)
      EXPECT_LE(test::relative_error(found.tensors[t].values, delta.tensors[t].values), most.at(settings.codec))
          << delta.tensors[t].name;
  }
}

TEST(Delta, WithoutACodecItIsExactAndZstdStillSaves) {
  const ModelState delta = test::heavy_tailed_delta(2);
  const std::string bytes = encode_delta(delta, test::layout(), {}, kSeed);
  EXPECT_EQ(decoded(bytes), delta);
  EXPECT_LT(bytes.size(), test::all_values(delta).size() * sizeof(float));
}

TEST(Delta, SmallTensorsAndThoseOfOneAxisAreRoundedToBf16Only) {
  const ModelState delta = test::heavy_tailed_delta(3);
  const ModelState found = decoded(encode_delta(delta, test::layout(), {.codec = Codec::kSign}, kSeed));
  for (const std::size_t t : {0, 2, 3})
    EXPECT_LT(test::relative_error(found.tensors[t].values, delta.tensors[t].values), 0.004) << found.tensors[t].name;
  for (const std::size_t t : {1, 4})
    EXPECT_GT(test::relative_error(found.tensors[t].values, delta.tensors[t].values), 0.1) << found.tensors[t].name;
}

TEST(Delta, TheSameRoundGivesTheSameBytesAndAnotherDoesNot) {
  const ModelState delta = test::heavy_tailed_delta(4);
  for (const Codec codec : {Codec::kStochastic, Codec::kRotation}) {
    const CompressionSettings settings{.codec = codec};
    const std::string bytes = encode_delta(delta, test::layout(), settings, kSeed);
    EXPECT_EQ(encode_delta(delta, test::layout(), settings, kSeed), bytes);
    EXPECT_NE(encode_delta(delta, test::layout(), settings, {"other", "east", 3}), bytes);
    EXPECT_NE(encode_delta(delta, test::layout(), settings, {"digest", "west", 3}), bytes);
    EXPECT_NE(encode_delta(delta, test::layout(), settings, {"digest", "east", 4}), bytes);
  }
}

TEST(Delta, TensorsThatWereNotTrainedMayBeMissing) {
  ModelState delta = test::heavy_tailed_delta(5);
  delta.tensors.erase(delta.tensors.begin() + 1);
  delta.tensors.erase(delta.tensors.begin() + 3);
  EXPECT_EQ(decoded(encode_delta(delta, test::layout(), {}, kSeed)), delta);
  EXPECT_TRUE(decoded(encode_delta({}, test::layout(), {}, kSeed)).tensors.empty());
}

/// What was sent and what is kept make up all that was trained, whatever the codec.
TEST(Delta, ErrorFeedbackLosesNothingOverManyRounds) {
  for (const CompressionSettings& settings :
       {CompressionSettings{.codec = Codec::kTopK, .fraction = 0.02, .values = ValueCoding::kInt8},
        CompressionSettings{.codec = Codec::kSign}, CompressionSettings{.codec = Codec::kPowerSgd, .rank = 2},
        CompressionSettings{.codec = Codec::kInt8, .error_feedback = true}}) {
    SCOPED_TRACE(to_string(settings.codec));
    ErrorFeedback memory;
    std::vector<double> trained, sent;
    for (int round = 0; round < 20; ++round) {
      const ModelState delta = test::heavy_tailed_delta(100 + 10 * static_cast<std::uint64_t>(round));
      const std::string bytes = encode_delta(delta, test::layout(), settings, {"digest", "east", round}, &memory);
      const std::vector<float> a = test::all_values(delta), b = test::all_values(decoded(bytes));
      trained.resize(a.size());
      sent.resize(b.size());
      for (std::size_t n = 0; n < a.size(); ++n) trained[n] += a[n], sent[n] += b[n];
    }
    const std::vector<float> kept = test::all_values(memory.residual);
    ASSERT_EQ(kept.size(), trained.size());
    double largest = 0;
    for (std::size_t n = 0; n < kept.size(); ++n) {
      largest = std::max(largest, std::abs(trained[n]));
      EXPECT_NEAR(sent[n] + kept[n], trained[n], 1e-6) << n;  // float32's rounding of sums of some 0.1 over 20 rounds
    }
    EXPECT_GT(largest, 0.01);
  }
}

/// The point of it: a direction that every round repeats arrives although each message holds 2 % of the values.
TEST(Delta, ErrorFeedbackDeliversWhatEveryRoundRepeats) {
  const CompressionSettings settings{.codec = Codec::kTopK, .fraction = 0.02};
  const ModelState delta = test::heavy_tailed_delta(6);
  const auto error_after = [&](ErrorFeedback* memory) {
    std::vector<float> mean(test::all_values(delta).size());
    constexpr int kRounds = 200;
    for (int round = 0; round < kRounds; ++round) {
      const std::vector<float> sent =
          test::all_values(decoded(encode_delta(delta, test::layout(), settings, {"digest", "east", round}, memory)));
      for (std::size_t n = 0; n < mean.size(); ++n) mean[n] += sent[n] / kRounds;
    }
    return test::relative_error(mean, test::all_values(delta));
  };
  ErrorFeedback memory;
  const double with = error_after(&memory), without = error_after(nullptr);
  EXPECT_LT(with, 0.2);
  EXPECT_GT(without, 0.5);
}

TEST(Delta, ACodecWithoutErrorFeedbackLeavesTheMemoryAlone) {
  ErrorFeedback memory;
  for (const Codec codec : {Codec::kNone, Codec::kBf16, Codec::kInt8, Codec::kStochastic, Codec::kRotation})
    encode_delta(test::heavy_tailed_delta(7), test::layout(), {.codec = codec, .bits = 4}, kSeed, &memory);
  EXPECT_EQ(memory, ErrorFeedback{});
}

TEST(Delta, AFileIsReadAsTheBytesAre) {
  const TemporaryFolder folder;
  const std::string bytes =
      encode_delta(test::heavy_tailed_delta(8), test::layout(), {.codec = Codec::kRotation, .bits = 1}, kSeed);
  write_file(folder.path() / "update.delta", bytes);
  const ModelState global = test::layout();
  EXPECT_EQ(DeltaDecoder(ByteSource::of_file(folder.path() / "update.delta"), global, "file").decode_all(), decoded(bytes));
  EXPECT_NE(test::refusal(ErrorCode::kNotFound, [&] { ByteSource::of_file(folder.path() / "absent"); }), "");
}

TEST(Delta, WhatIsNotFiniteIsRefusedAndTheMemoryStays) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), -2e30F})
    for (const Codec codec : {Codec::kBf16, Codec::kTopK}) {
      ModelState delta = test::heavy_tailed_delta(9);
      delta.tensors[4].values[7] = bad;
      ErrorFeedback memory;
      EXPECT_NE(
          test::refusal(ErrorCode::kCorruptData, [&] { encode_delta(delta, test::layout(), {.codec = codec}, kSeed, &memory); })
              .find("up.weight"),
          std::string::npos);
      EXPECT_EQ(memory, ErrorFeedback{});
    }
}

TEST(Delta, AnotherModelsTensorsAndUpdatesAreRefused) {
  const ModelState delta = test::heavy_tailed_delta(10);
  ModelState other = test::layout();
  other.tensors[1].shape = {16, 32, 3, 3, 3};
  EXPECT_NE(test::refusal(ErrorCode::kMismatch, [&] { encode_delta(delta, other, {}, kSeed); }).find("conv.weight"),
            std::string::npos);
  const std::string bytes = encode_delta(delta, test::layout(), {}, kSeed);
  EXPECT_EQ(test::refusal(ErrorCode::kMismatch, [&] { decoded(bytes, other); }), "bytes: is an update of another model");
  ModelState reversed = delta;
  std::swap(reversed.tensors[0], reversed.tensors[1]);
  EXPECT_NE(
      test::refusal(ErrorCode::kMismatch, [&] { encode_delta(reversed, test::layout(), {}, kSeed); }).find("order of names"),
      std::string::npos);
}

TEST(Delta, EveryCutAndEveryLeftOverByteIsRefused) {
  const std::string bytes = encode_delta(test::heavy_tailed_delta(11), test::layout(), {.codec = Codec::kSign}, kSeed);
  for (std::size_t length = 0; length < bytes.size(); length += length < 200 ? 1 : 97)
    EXPECT_THROW(decoded(bytes.substr(0, length)), Error) << length;
  EXPECT_NE(test::refusal(ErrorCode::kCorruptData, [&] { decoded(bytes + "1"); }).find("left over"), std::string::npos);
}

TEST(Delta, HeadersThatLieAreRefused) {
  const std::string bytes =
      encode_delta(test::heavy_tailed_delta(12), test::layout(), {.codec = Codec::kBf16, .zstd_level = 0}, kSeed);
  const auto refused = [&](std::size_t at, std::uint8_t value, ErrorCode code = ErrorCode::kCorruptData) {
    std::string bad = bytes;
    bad[at] = static_cast<char>(value);
    return test::refusal(code, [&] { decoded(bad); });
  };
  EXPECT_EQ(refused(0, 'X'), "bytes: is no compressed update");
  EXPECT_NE(refused(4, 2, ErrorCode::kUnsupported).find("version 2"), std::string::npos);
  EXPECT_NE(refused(5, 99).find("codec number 99"), std::string::npos);
  EXPECT_NE(refused(41, 0x7F).find("more tensors"), std::string::npos);
  EXPECT_NE(refused(45, 0x7F).find("too long"), std::string::npos);
  const std::size_t table = kDeltaHeaderBytes;
  EXPECT_NE(refused(table, 5).find("does not have"), std::string::npos);
  EXPECT_NE(refused(table + 1, 8).find("codec number 8"), std::string::npos);
  EXPECT_NE(refused(table + 2, 9).find("8 parts"), std::string::npos);
  EXPECT_NE(refused(table + 4, 0x7F).find("conv.bias takes more bytes"), std::string::npos);  // stored more than it is
}

/// A zstd frame may promise anything: what is taken is bounded by the tensor's shape.
TEST(Delta, APartLargerThanItsTensorCanNeedIsRefusedBeforeItIsRead) {
  const ModelState global{{{"a", "trunk", {2, 2}, {0, 0, 0, 0}}}};
  std::string bytes = encode_delta(global, global, {.codec = Codec::kBf16, .zstd_level = 0}, kSeed);
  const std::string table("\x00\x01\x01\xFF\xFF\xFF\xFF\x7F\x00", 9);  // one part of 2^35 bytes, stored in none
  bytes = bytes.substr(0, kDeltaHeaderBytes - 4) + std::string("\x09\x00\x00\x00", 4) + table;
  EXPECT_NE(test::refusal(ErrorCode::kCorruptData, [&] { decoded(bytes, global); }).find("more bytes than its shape can need"),
            std::string::npos);
}

TEST(Delta, ValuesThatDecodeToInfinityAreRefused) {
  const ModelState global{{{"a", "trunk", {1, 2}, {0, 0}}}};
  std::string bytes = encode_delta(global, global, {.codec = Codec::kBf16, .zstd_level = 0}, kSeed);
  bytes[bytes.size() - 1] = 0x7F;  // upper and lower byte of the second value
  bytes[bytes.size() - 3] = static_cast<char>(0x80);
  EXPECT_NE(test::refusal(ErrorCode::kCorruptData, [&] { decoded(bytes, global); }).find("tensor a: a value that is not finite"),
            std::string::npos);
}

}  // namespace
}  // namespace consilium::fl
