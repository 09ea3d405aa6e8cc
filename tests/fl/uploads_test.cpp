#include "fl/transport/uploads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "models/state/safetensors.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

pb::Chunk chunk(const std::string& bytes) {
  pb::Chunk message;
  message.set_sha256(sha256(bytes));
  message.set_data(bytes);
  return message;
}

TEST(Uploads, AStreamOfAnOlderOfferDoesNotWriteIntoTheNewOne) {
  const TemporaryFolder folder;
  Uploads uploads(folder.path());
  const auto bytes_of = [](float value) { return encode_safetensors({{{"a", "trunk", {2}, {value, value}}}}); };
  const auto older = uploads.offer("west", {{}, chunk_list(bytes_of(1))});
  const auto newer = uploads.offer("west", {{}, chunk_list(bytes_of(2))});
  newer->add(chunk(bytes_of(2)));
  older->add(chunk(bytes_of(1)));  // its connection was slow
  newer->finished(Codec::kNone, {});
  EXPECT_EQ(read_file(newer->path()), bytes_of(2));
}

/// The reason of a rejection goes to the site: where the coordinator keeps its files is not its business.
TEST(Uploads, WhatCannotBeReadIsRefusedWithoutTheCoordinatorsPaths) {
  const TemporaryFolder folder;
  Uploads uploads(folder.path());
  const std::string bytes = "no safetensors file at all";
  const auto upload = uploads.offer("west", {{}, chunk_list(bytes)});
  upload->add(chunk(bytes));
  const std::string reason = test::refusal(ErrorCode::kCorruptData, [&] { upload->finished(Codec::kNone, {}); });
  EXPECT_THAT(reason, testing::StartsWith("update of site \"west\""));
  EXPECT_EQ(reason.find(folder.path().string()), std::string::npos) << reason;
}

}  // namespace
}  // namespace consilium::fl
