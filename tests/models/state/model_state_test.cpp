#include "models/state/model_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <openssl/evp.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "models/state/digest.h"
#include "models/state/safetensors.h"

namespace consilium {
namespace {

std::string sha256(std::string_view bytes) {
  std::string hash(32, '\0');
  EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(hash.data()), nullptr, EVP_sha256(), nullptr);
  return hash;
}

ModelState two_tensors() { return {{{"a.weight", "trunk", {2, 2}, {1, 2, 3, 4}}, {"b.bias", "head", {2}, {5, 6}}}}; }

TEST(ModelState, DigestChangesWithEveryPartOfATensor) {
  const std::string digest_of_original = digest(two_tensors());
  EXPECT_EQ(digest_of_original.size(), 64U);
  EXPECT_EQ(digest(two_tensors()), digest_of_original);
  ModelState other = two_tensors();
  other.tensors[1].values[1] = 6.0000005F;
  EXPECT_NE(digest(other), digest_of_original);
  other = two_tensors();
  other.tensors[0].shape = {4};
  EXPECT_NE(digest(other), digest_of_original);
  other = two_tensors();
  other.tensors[0].group = "head";
  EXPECT_NE(digest(other), digest_of_original);
  other = two_tensors();
  other.tensors[0].name = "a.weights";
  EXPECT_NE(digest(other), digest_of_original);
}

TEST(ModelState, DigestIsMadeOfTheBlocksOfItsFile) {
  ModelState large = two_tensors();
  large.tensors[1] = {"b.bias", "head", {200001}, std::vector<float>(200001)};  // four blocks, none of which begins with a tensor
  for (std::size_t n = 0; n < large.tensors[1].values.size(); ++n) large.tensors[1].values[n] = static_cast<float>(n);
  const std::string file = encode_safetensors(large);
  const BlockHashes blocks = block_hashes(large);
  EXPECT_EQ(blocks.size_bytes, file.size());
  ASSERT_EQ(blocks.hashes.size(), 4U);
  std::string all = std::to_string(file.size()) + " 262144 ";
  for (std::size_t n = 0; n < 4; ++n) {
    EXPECT_EQ(blocks.hashes[n], sha256(std::string_view(file).substr(n * 262144, 262144))) << n;
    all += blocks.hashes[n];
  }
  EXPECT_EQ(digest(large), to_hexadecimal(sha256(all)));
  std::reverse(large.tensors.begin(), large.tensors.end());
  EXPECT_EQ(digest(large), to_hexadecimal(sha256(all))) << "the file is sorted";
}

TEST(ModelState, AFileInAnotherOrderIsNotTheOneOfItsDigest) {
  const TemporaryFolder folder;
  const fs::path ours = folder.path() / "ours", labelled = folder.path() / "labelled";
  write_safetensors(ours, two_tensors());
  EXPECT_TRUE(is_canonical_file(ours, read_safetensors(ours).state));
  write_safetensors(labelled, two_tensors(), {{"format", "pt"}});
  EXPECT_FALSE(is_canonical_file(labelled, read_safetensors(labelled).state));
}

TEST(ModelState, AnotherLayoutIsRefusedByTheTensorsName) {
  ModelState other = two_tensors();
  EXPECT_NO_THROW(require_same_layout(two_tensors(), other));
  other.tensors[1].shape = {1, 2};
  try {
    require_same_layout(two_tensors(), other);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kMismatch);
    EXPECT_THAT(error.what(), testing::HasSubstr("b.bias"));
  }
}

}  // namespace
}  // namespace consilium
