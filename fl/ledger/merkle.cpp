#include "fl/ledger/merkle.h"

#include <bit>

#include "base/error.h"
#include "fl/wire/chunks.h"

namespace consilium::fl {
namespace {

using Leaves = std::span<const TreeHash>;

/// The largest power of two below `count`, which is 2 or more.
std::size_t split_of(std::size_t count) { return std::bit_floor(count - 1); }

void add_inclusion(Leaves leaves, std::uint64_t index, std::vector<TreeHash>& proof) {
  if (leaves.size() == 1) return;
  const std::size_t split = split_of(leaves.size());
  const bool is_left = index < split;
  add_inclusion(is_left ? leaves.first(split) : leaves.subspan(split), is_left ? index : index - split, proof);
  proof.push_back(tree_root(is_left ? leaves.subspan(split) : leaves.first(split)));
}

/// SUBPROOF(m, D_n, b): `is_whole` while the first tree is all of this subtree's beginning, whose root the verifier has.
void add_consistency(Leaves leaves, std::uint64_t first, bool is_whole, std::vector<TreeHash>& proof) {
  if (first == leaves.size()) {
    if (!is_whole) proof.push_back(tree_root(leaves));
    return;
  }
  const std::size_t split = split_of(leaves.size());
  if (first <= split) {
    add_consistency(leaves.first(split), first, is_whole, proof);
    proof.push_back(tree_root(leaves.subspan(split)));
  } else {
    add_consistency(leaves.subspan(split), first - split, false, proof);
    proof.push_back(tree_root(leaves.first(split)));
  }
}

bool are_hashes(std::span<const TreeHash> proof) {
  for (const TreeHash& hash : proof)
    if (hash.size() != 32) return false;
  return true;
}

/// What both verifications climb: where a node and the last node of the tree lie in their level.
struct Climb {
  std::uint64_t node, last;
  bool is_right() const { return (node & 1) == 1 || node == last; }
  void up() { node >>= 1, last >>= 1; }
  /// Past the levels at which the node, the last one, has no sibling.
  void skip_lone_levels() {
    while ((node & 1) == 0 && node != 0) up();
  }
};

}  // namespace

TreeHash leaf_hash(std::string_view entry) { return sha256(std::string(1, '\0').append(entry)); }
TreeHash node_hash(std::string_view left, std::string_view right) { return sha256(std::string(1, '\1').append(left).append(right)); }

TreeHash tree_root(Leaves leaves) {
  TreeFrontier tree;
  for (const TreeHash& leaf : leaves) tree.append(leaf);
  return tree.root();
}

std::vector<TreeHash> inclusion_proof(Leaves leaves, std::uint64_t index) {
  require(index < leaves.size(), ErrorCode::kNotFound, "a ledger of " + std::to_string(leaves.size()) + " entries has no entry " + std::to_string(index));
  std::vector<TreeHash> proof;
  add_inclusion(leaves, index, proof);
  return proof;
}

std::vector<TreeHash> consistency_proof(Leaves leaves, std::uint64_t first) {
  require(first <= leaves.size(), ErrorCode::kNotFound, "a ledger of " + std::to_string(leaves.size()) + " entries cannot be compared with one of " + std::to_string(first));
  std::vector<TreeHash> proof;
  if (first > 0) add_consistency(leaves, first, true, proof);
  return proof;
}

bool proves_inclusion(const TreeHash& leaf, std::uint64_t index, std::uint64_t size, std::span<const TreeHash> proof, const TreeHash& root) {
  if (index >= size || !are_hashes(proof)) return false;
  Climb at{index, size - 1};
  TreeHash hash = leaf;
  for (const TreeHash& sibling : proof) {
    if (at.last == 0) return false;
    if (at.is_right()) {
      hash = node_hash(sibling, hash);
      if ((at.node & 1) == 0) at.skip_lone_levels();
    } else {
      hash = node_hash(hash, sibling);
    }
    at.up();
  }
  return at.last == 0 && hash == root;
}

bool proves_consistency(std::uint64_t first, std::uint64_t second, std::span<const TreeHash> proof, const TreeHash& first_root, const TreeHash& second_root) {
  if (first > second || !are_hashes(proof)) return false;
  if (first == second) return proof.empty() && first_root == second_root;
  if (first == 0) return proof.empty() && first_root == tree_root({});
  std::vector<TreeHash> path;
  if (std::has_single_bit(first)) path.push_back(first_root);  // a whole subtree: its root is the first node
  path.insert(path.end(), proof.begin(), proof.end());
  if (path.empty()) return false;
  Climb at{first - 1, second - 1};
  while ((at.node & 1) == 1) at.up();
  TreeHash old_root = path.front(), new_root = path.front();
  for (std::size_t n = 1; n < path.size(); ++n) {
    if (at.last == 0) return false;
    if (at.is_right()) {
      old_root = node_hash(path[n], old_root);
      new_root = node_hash(path[n], new_root);
      if ((at.node & 1) == 0) at.skip_lone_levels();
    } else {
      new_root = node_hash(new_root, path[n]);
    }
    at.up();
  }
  return at.last == 0 && old_root == first_root && new_root == second_root;
}

void TreeFrontier::append(TreeHash leaf) {
  // As in a binary counter: each bit that carries joins two subtrees of one size.
  for (std::uint64_t carried = size_; (carried & 1) == 1; carried >>= 1) {
    leaf = node_hash(peaks_.back(), leaf);
    peaks_.pop_back();
  }
  peaks_.push_back(std::move(leaf));
  ++size_;
}

TreeHash TreeFrontier::root() const {
  if (peaks_.empty()) return sha256("");
  TreeHash root = peaks_.back();
  for (auto peak = std::next(peaks_.rbegin()); peak != peaks_.rend(); ++peak) root = node_hash(*peak, root);
  return root;
}

}  // namespace consilium::fl
