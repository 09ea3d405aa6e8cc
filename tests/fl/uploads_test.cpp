#include "fl/transport/uploads.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "models/state/safetensors.h"

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

}  // namespace
}  // namespace consilium::fl
