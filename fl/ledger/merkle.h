#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace consilium::fl {

/// SHA-256 of a node of a tree: 32 bytes.
using TreeHash = std::string;

/// Of what is entered. Source: RFC 9162, section 2.1.1 (as RFC 6962, section 2.1): SHA-256(0x00 || entry).
TreeHash leaf_hash(std::string_view entry);
/// Source: there; SHA-256(0x01 || left || right).
TreeHash node_hash(std::string_view left, std::string_view right);

/// MTH of leaves by their hashes; of none: SHA-256 of nothing. Source: RFC 9162, section 2.1.1.
TreeHash tree_root(std::span<const TreeHash> leaves);

/// What proves leaf `index` in the tree of all `leaves`, lowest node first. @throws Error{kNotFound} there is no such leaf.
/// Source: RFC 9162, section 2.1.3.1, PATH(m, D_n).
std::vector<TreeHash> inclusion_proof(std::span<const TreeHash> leaves, std::uint64_t index);
/// What proves that the tree of the first `first` leaves is the beginning of the tree of all of them; empty for `first` 0 and for all.
/// @throws Error{kNotFound} there are not so many leaves. Source: RFC 9162, section 2.1.4.1, PROOF(m, D_n).
std::vector<TreeHash> consistency_proof(std::span<const TreeHash> leaves, std::uint64_t first);

/// Source: RFC 9162, section 2.1.3.2.
bool proves_inclusion(const TreeHash& leaf, std::uint64_t index, std::uint64_t size, std::span<const TreeHash> proof, const TreeHash& root);
/// A tree of no leaf is the beginning of every tree, by an empty proof. Source: RFC 9162, section 2.1.4.2.
bool proves_consistency(std::uint64_t first, std::uint64_t second, std::span<const TreeHash> proof, const TreeHash& first_root, const TreeHash& second_root);

/// A tree that only grows, by the roots of its whole subtrees: O(log n) hashes are kept, and O(1) computed per leaf on average.
class TreeFrontier {
 public:
  void append(TreeHash leaf);
  std::uint64_t size() const { return size_; }
  TreeHash root() const;

 private:
  std::uint64_t size_ = 0;
  std::vector<TreeHash> peaks_;  ///< one per bit that is set in size_, the largest subtree first
};

}  // namespace consilium::fl
