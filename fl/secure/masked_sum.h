#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <vector>

#include "base/open_file.h"
#include "fl/secure/mask.h"
#include "fl/secure/masked_layout.h"
#include "fl/stage.h"

namespace consilium::fl {

/// A mask, and whether it is to be added.
struct KeyedMask {
  Secret32 key;
  MaskSign sign = MaskSign::kAdd;
};

/// Writes the vector that `fill(position, block)` gives, with all masks applied, block by block: one block a thread in memory. @throws Error{kCannotWrite}
void write_masked(const std::filesystem::path& path, const MaskedLayout& layout, std::size_t value_bytes, const std::function<void(std::uint64_t, std::span<std::uint64_t>)>& fill, std::span<const KeyedMask> masks);

/// The sum of masked vectors that lie in files, less the masks that do not cancel: read block by block, whatever the number of sites.
class MaskedSum {
 public:
  /// `masks` are applied to the sum. @throws as OpenFile; Error{kCorruptData} a file of another size.
  MaskedSum(const std::vector<std::filesystem::path>& files, const MaskedLayout& layout, std::size_t value_bytes, std::vector<KeyedMask> masks);
  /// Positions [position, position + out.size()), with their signs. Not values and totals in one call. From any number of threads.
  void read(std::uint64_t position, std::span<std::uint64_t> out) const;

 private:
  void add_files(std::uint64_t position, std::span<std::uint64_t> out) const;

  std::uint64_t totals_begin_;
  std::size_t value_bytes_;
  std::vector<OpenFile> files_;
  std::vector<KeyedMask> masks_;
};

/// The totals as they were summed.
std::vector<std::uint64_t> summed_totals(const MaskedSum& sum, const MaskedLayout& layout);
/// What totals of all sites together say beside their mean: validation and metrics.
void note_totals(const MaskedTotals& totals, const MaskedLayout& layout, ProtectedSum& result);

/// What the sum says: the mean of every tensor that somebody trained, written to `file` tensor by tensor. `noise_bound`: by how much noise may move a value of the sum.
/// @throws Error{kCorruptData} values that honest sites cannot have sent.
ProtectedSum open_sum(const MaskedSum& sum, const MaskedLayout& layout, const SecureAggregationSettings& settings, std::vector<std::string> contributors, const std::filesystem::path& file, std::uint64_t noise_bound = 0);

}  // namespace consilium::fl
