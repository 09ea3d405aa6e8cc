#include "models/state/digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "base/error.h"
#include "base/parallel.h"
#include "base/text.h"
#include "models/state/safetensors_layout.h"

namespace consilium {
namespace {

class Sha256 {
 public:
  Sha256() { require(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1, ErrorCode::kUnexpected, "SHA-256 failed"); }
  void add(std::string_view bytes) { require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1, ErrorCode::kUnexpected, "SHA-256 failed"); }
  std::string finish() {
    std::string hash(32, '\0');
    require(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(hash.data()), nullptr) == 1, ErrorCode::kUnexpected, "SHA-256 failed");
    return hash;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
};

/// Bytes of the file that lie together in memory, and where they begin in the file.
struct Piece {
  std::uint64_t offset;
  std::string_view bytes;
};

std::string hash_between(const std::vector<Piece>& pieces, std::uint64_t begin, std::uint64_t end) {
  Sha256 hash;
  auto piece = std::upper_bound(pieces.begin(), pieces.end(), begin, [](std::uint64_t at, const Piece& p) { return at < p.offset; }) - 1;
  for (; piece != pieces.end() && piece->offset < end; ++piece) {
    const std::uint64_t from = std::max(begin, piece->offset) - piece->offset;
    if (from < piece->bytes.size()) hash.add(piece->bytes.substr(from, end - piece->offset - from));
  }
  return hash.finish();
}

}  // namespace

BlockHashes block_hashes(const ModelState& state) {
  std::vector<const NamedTensor*> sorted;
  for (const NamedTensor& tensor : state.tensors) sorted.push_back(&tensor);
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
  const std::string head = encode_safetensors_head(sorted, {});
  std::vector<Piece> pieces{{0, head}};
  BlockHashes blocks{head.size(), {}};
  for (const NamedTensor* tensor : sorted) {
    pieces.push_back({blocks.size_bytes, {reinterpret_cast<const char*>(tensor->values.data()), tensor->values.size() * sizeof(float)}});
    blocks.size_bytes += pieces.back().bytes.size();
  }
  blocks.hashes.resize((blocks.size_bytes + kDigestBlockBytes - 1) / kDigestBlockBytes);
  parallel_for(blocks.hashes.size(), 4, [&](std::size_t first, std::size_t last) {
    for (std::size_t n = first; n < last; ++n) blocks.hashes[n] = hash_between(pieces, n * std::uint64_t{kDigestBlockBytes}, std::min((n + 1) * std::uint64_t{kDigestBlockBytes}, blocks.size_bytes));
  });
  return blocks;
}

std::string digest_of_blocks(std::uint64_t size_bytes, std::uint32_t block_bytes, const std::vector<std::string>& hashes) {
  Sha256 all;
  all.add(std::to_string(size_bytes) + " " + std::to_string(block_bytes) + " ");
  for (const std::string& hash : hashes) all.add(hash);
  return to_hexadecimal(all.finish());
}

std::string digest(const ModelState& state) {
  const BlockHashes blocks = block_hashes(state);
  return digest_of_blocks(blocks.size_bytes, kDigestBlockBytes, blocks.hashes);
}

}  // namespace consilium
