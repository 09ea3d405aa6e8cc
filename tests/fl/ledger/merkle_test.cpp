#include "fl/ledger/merkle.h"

#include <gtest/gtest.h>

#include <bit>

#include "base/error.h"
#include "base/files.h"
#include "base/rng.h"
#include "base/text.h"
#include "fl/ledger/signing_key.h"
#include "fl/x509.h"
#include "tests/support/shared_data.h"

namespace consilium::fl {
namespace {

const char* const kFile = "oracles/algorithms.json";

std::string bytes_of(const std::string& hex) { return from_hex(hex, hex.size() / 2, "oracle"); }

std::vector<TreeHash> numbered_leaves(std::size_t count) {
  std::vector<TreeHash> leaves;
  for (std::size_t n = 0; n < count; ++n) leaves.push_back(leaf_hash("entry " + std::to_string(n)));
  return leaves;
}

/// The data of Certificate Transparency's own tests.
std::vector<TreeHash> oracle_leaves() {
  std::vector<TreeHash> leaves;
  const Json oracle = test::oracle("algorithms", "rfc6962_merkle_roots");
  for (const Json& entry : oracle["input"]["leaves_hex"]) leaves.push_back(leaf_hash(bytes_of(entry.get<std::string>())));
  return leaves;
}

std::vector<std::string> hex_of(const std::vector<TreeHash>& proof) {
  std::vector<std::string> text;
  for (const TreeHash& hash : proof) text.push_back(to_hexadecimal(hash));
  return text;
}

TEST(MerkleTree, HasTheRootsOfRfc6962) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json expected = test::oracle("algorithms", "rfc6962_merkle_roots")["expected"];
  const std::vector<TreeHash> leaves = oracle_leaves();
  TreeFrontier grown;
  for (std::size_t size = 0; size <= leaves.size(); ++size) {
    EXPECT_EQ(to_hexadecimal(tree_root(std::span(leaves).first(size))), expected[std::to_string(size)].get<std::string>()) << size;
    EXPECT_EQ(to_hexadecimal(grown.root()), expected[std::to_string(size)].get<std::string>()) << size;
    if (size < leaves.size()) grown.append(leaves[size]);
  }
}

TEST(MerkleTree, HasTheInclusionProofsOfRfc6962) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const std::vector<TreeHash> leaves = oracle_leaves();
  for (const char* name : {"rfc6962_inclusion_0_8", "rfc6962_inclusion_5_8"}) {
    const Json oracle = test::oracle("algorithms", name);
    const std::vector<TreeHash> tree(leaves.begin(), leaves.begin() + oracle["input"]["size"].get<int>());
    EXPECT_EQ(hex_of(inclusion_proof(tree, oracle["input"]["index"])), oracle["expected"].get<std::vector<std::string>>()) << name;
  }
}

TEST(MerkleTree, HasTheConsistencyProofOfRfc6962) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("algorithms", "rfc6962_consistency_6_8");
  const std::vector<TreeHash> leaves = oracle_leaves();
  const std::vector<TreeHash> tree(leaves.begin(), leaves.begin() + oracle["input"]["second"].get<int>());
  EXPECT_EQ(hex_of(consistency_proof(tree, oracle["input"]["first"])), oracle["expected"].get<std::vector<std::string>>());
}

/// RFC 9162, section 2.1.1, as it stands: a second way to the root.
TreeHash root_by_definition(std::span<const TreeHash> leaves) {
  if (leaves.size() == 1) return leaves[0];
  const std::size_t split = std::bit_floor(leaves.size() - 1);
  return node_hash(root_by_definition(leaves.first(split)), root_by_definition(leaves.subspan(split)));
}

TEST(MerkleTree, EveryProofOfEverySizeHoldsAndNoOther) {
  const std::vector<TreeHash> all = numbered_leaves(67);
  for (std::size_t size = 1; size <= all.size(); ++size) {
    const std::vector<TreeHash> leaves(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(size));
    const TreeHash root = tree_root(leaves);
    ASSERT_EQ(root, root_by_definition(leaves));
    for (std::size_t index = 0; index < size; ++index) {
      const auto proof = inclusion_proof(leaves, index);
      EXPECT_LE(proof.size(), static_cast<std::size_t>(std::bit_width(size - 1)));
      EXPECT_TRUE(proves_inclusion(leaves[index], index, size, proof, root));
      EXPECT_FALSE(proves_inclusion(all[(index + 1) % all.size()], index, size, proof, root));
      EXPECT_FALSE(proves_inclusion(leaves[index], (index + 1) % (size + 1), size, proof, root));
      auto longer = proof;
      longer.push_back(root);
      EXPECT_FALSE(proves_inclusion(leaves[index], index, size, longer, root));
      if (proof.empty()) continue;
      EXPECT_FALSE(proves_inclusion(leaves[index], index, size, std::span(proof).first(proof.size() - 1), root));
    }
    for (std::size_t first = 0; first <= size; ++first) {
      const TreeHash before = tree_root(std::span(leaves).first(first));
      const auto proof = consistency_proof(leaves, first);
      EXPECT_TRUE(proves_consistency(first, size, proof, before, root)) << first << " of " << size;
      if (first == 0) continue;  // nothing is the beginning of everything
      EXPECT_FALSE(proves_consistency(first, size, proof, leaf_hash("other"), root)) << first << " of " << size;
      EXPECT_FALSE(proves_consistency(first, size, proof, before, leaf_hash("other"))) << first << " of " << size;
      if (proof.empty()) continue;
      EXPECT_FALSE(proves_consistency(first, size, std::span(proof).first(proof.size() - 1), before, root));
    }
  }
}

TEST(MerkleTree, NoFlippedBitOfAProofPasses) {
  const std::vector<TreeHash> leaves = numbered_leaves(13);
  const TreeHash root = tree_root(leaves), before = tree_root(std::span(leaves).first(6));
  const auto inclusion = inclusion_proof(leaves, 9), consistency = consistency_proof(leaves, 6);
  const auto each_flip = [](std::vector<TreeHash> proof, const auto& holds) {
    for (TreeHash& hash : proof)
      for (std::size_t bit = 0; bit < 256; ++bit) {
        hash[bit / 8] = static_cast<char>(hash[bit / 8] ^ (1 << bit % 8));
        EXPECT_FALSE(holds(proof));
        hash[bit / 8] = static_cast<char>(hash[bit / 8] ^ (1 << bit % 8));
      }
  };
  each_flip(inclusion, [&](const auto& proof) { return proves_inclusion(leaves[9], 9, 13, proof, root); });
  each_flip(consistency, [&](const auto& proof) { return proves_consistency(6, 13, proof, before, root); });
}

TEST(MerkleTree, AnEntryCannotPassForANode) {
  const std::vector<TreeHash> leaves = numbered_leaves(2);
  // Without the prefixes of leaf and node, an entry made of two hashes would have the root of their tree.
  EXPECT_NE(tree_root({{leaf_hash(leaves[0] + leaves[1])}}), tree_root(leaves));
}

TEST(MerkleTree, ProofsForWhatIsNotThereAreRefused) {
  const std::vector<TreeHash> leaves = numbered_leaves(3);
  EXPECT_THROW(inclusion_proof(leaves, 3), Error);
  EXPECT_THROW(consistency_proof(leaves, 4), Error);
  EXPECT_FALSE(proves_inclusion(leaves[0], 0, 0, {}, leaves[0]));
  EXPECT_FALSE(proves_consistency(3, 2, {}, leaves[0], leaves[0]));
  EXPECT_FALSE(proves_inclusion(leaves[0], 0, 2, std::vector<TreeHash>{"short"}, leaves[0]));
}

TEST(SigningKey, SignsAsRfc8032) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("algorithms", "ed25519_rfc8032_1");
  const SigningKey key = SigningKey::of_seed(bytes_of(oracle["input"]["sk"]));
  const std::string message = bytes_of(oracle["input"]["msg"]), signature = key.sign(message);
  EXPECT_EQ(to_hexadecimal(key.public_key()), oracle["expected"]["pk"].get<std::string>());
  EXPECT_EQ(to_hexadecimal(signature), oracle["expected"]["sig"].get<std::string>());
  EXPECT_TRUE(is_signed_by_raw_key(key.public_key(), message, signature));
  EXPECT_FALSE(is_signed_by_raw_key(key.public_key(), message + "x", signature));
}

TEST(SigningKey, NoFlippedBitOfASignaturePasses) {
  const SigningKey key = SigningKey::of_seed(std::string(32, '\7'));
  std::string signature = key.sign("a head");
  for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
    signature[bit / 8] = static_cast<char>(signature[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(is_signed_by_raw_key(key.public_key(), "a head", signature));
    signature[bit / 8] = static_cast<char>(signature[bit / 8] ^ (1 << bit % 8));
  }
  EXPECT_FALSE(is_signed_by_raw_key(key.public_key(), "a head", signature.substr(1)));
  EXPECT_FALSE(is_signed_by_raw_key("short", "a head", signature));
}

TEST(SigningKey, IsMadeOnceAndForItsOwnerOnly) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "ledger.key";
  const std::string made = SigningKey::open(file).public_key();
  EXPECT_EQ(SigningKey::open(file).public_key(), made);
  EXPECT_EQ(fs::status(file).permissions() & (fs::perms::group_all | fs::perms::others_all), fs::perms::none);
}

}  // namespace
}  // namespace consilium::fl
