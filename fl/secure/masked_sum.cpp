#include "fl/secure/masked_sum.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "base/error.h"
#include "base/parallel.h"
#include "fl/secure/fixed_point.h"
#include "models/state/safetensors_file.h"

namespace consilium::fl {
namespace {

std::span<char> bytes_of(std::span<std::uint64_t> numbers) { return {reinterpret_cast<char*>(numbers.data()), numbers.size_bytes()}; }

void for_each_block(std::uint64_t size, const std::function<void(std::uint64_t position, std::size_t count)>& use) {
  parallel_for((size + kMaskBlock - 1) / kMaskBlock, 1, [&](std::size_t first, std::size_t last) {
    for (std::size_t block = first; block < last; ++block) {
      const std::uint64_t position = static_cast<std::uint64_t>(block) * kMaskBlock;
      use(position, static_cast<std::size_t>(std::min<std::uint64_t>(kMaskBlock, size - position)));
    }
  });
}

}  // namespace

void write_masked(const std::filesystem::path& path, std::uint64_t size, const std::function<void(std::uint64_t, std::span<std::uint64_t>)>& fill, std::span<const KeyedMask> masks) {
  std::filesystem::remove(path);
  const OpenFile file(path, true);
  file.reserve(8 * size);
  for_each_block(size, [&](std::uint64_t position, std::size_t count) {
    std::vector<std::uint64_t> block(count);
    fill(position, block);
    for (const KeyedMask& mask : masks) apply_mask(mask.key, mask.sign, position, block);
    const std::span<char> bytes = bytes_of(block);
    file.write(8 * position, {bytes.data(), bytes.size()});
  });
}

MaskedSum::MaskedSum(const std::vector<std::filesystem::path>& files, std::uint64_t size, std::vector<KeyedMask> masks) : masks_(std::move(masks)) {
  for (const auto& path : files) {
    files_.emplace_back(path, false);
    require(files_.back().size() == 8 * size, ErrorCode::kCorruptData, "a masked update of " + std::to_string(files_.back().size()) + " bytes, expected " + std::to_string(8 * size));
  }
}

void MaskedSum::read(std::uint64_t position, std::span<std::uint64_t> out) const {
  constexpr std::size_t kPiece = 8192;
  std::vector<std::uint64_t> addend(std::min(kPiece, out.size()));
  std::fill(out.begin(), out.end(), 0);
  for (std::size_t begin = 0; begin < out.size(); begin += kPiece) {
    const std::span<std::uint64_t> sums = out.subspan(begin, std::min(kPiece, out.size() - begin));
    for (const OpenFile& file : files_) {
      require(file.read(8 * (position + begin), bytes_of(std::span(addend).first(sums.size()))) == sums.size_bytes(), ErrorCode::kCorruptData, "a masked update ends too early");
      for (std::size_t n = 0; n < sums.size(); ++n) sums[n] += addend[n];
    }
  }
  for (const KeyedMask& mask : masks_) apply_mask(mask.key, mask.sign, position, out);
}

void MaskedSum::read_anywhere(std::uint64_t position, std::span<std::uint64_t> out) const {
  const std::uint64_t before = position % kMaskStep;
  if (before == 0) return read(position, out);
  std::vector<std::uint64_t> more(out.size() + before);
  read(position - before, more);
  std::copy(more.begin() + static_cast<std::ptrdiff_t>(before), more.end(), out.begin());
}

ProtectedSum open_sum(const MaskedSum& sum, const MaskedLayout& layout, const SecureAggregationSettings& settings, std::vector<std::string> contributors, const std::filesystem::path& path, std::uint64_t noise_bound) {
  std::vector<std::uint64_t> numbers(layout.totals());
  sum.read_anywhere(layout.totals_begin, numbers);
  const MaskedTotals totals = parse_totals(numbers, layout, contributors.size(), settings.most_cases);
  ProtectedSum result;
  result.mean.site = "sum";
  result.contributors = std::move(contributors);
  result.validation = totals.validation;
  for (std::size_t n = 0; n < layout.metrics.size(); ++n)
    if (totals.metrics[n].second > 0) result.metrics[layout.metrics[n]] = totals.metrics[n].first;
  if (totals.values > 0) result.metrics["clipped"] = static_cast<double>(totals.cut_off) / static_cast<double>(totals.values);
  const FixedPoint code = fixed_point_of(settings);
  const auto limit = static_cast<std::uint64_t>(code.encode(settings.clip));
  std::vector<NamedTensor> trained;
  std::vector<std::size_t> parts;
  for (std::size_t n = 0; n < layout.parts.size(); ++n) {
    const MaskedLayout::Part& part = layout.parts[n];
    if (totals.cases[n] == 0) continue;
    trained.push_back({part.name, part.group, part.shape, {}});
    parts.push_back(n);
    double& cases = result.metrics["cases." + part.group];
    cases = std::max(cases, static_cast<double>(totals.cases[n]));
    // An update of one site alone is weighed against nothing.
    result.mean.cases_per_group[part.group] = std::min<std::int64_t>(static_cast<std::int64_t>(cases), kMostCases);
  }
  if (trained.empty()) return result;
  std::vector<const NamedTensor*> sorted;
  for (const NamedTensor& tensor : trained) sorted.push_back(&tensor);
  write_safetensors_one_by_one(path, sorted, [&](std::size_t number) {
    const MaskedLayout::Part& part = layout.parts[parts[number]];
    const double cases = static_cast<double>(totals.cases[parts[number]]);
    const std::uint64_t most = limit * totals.cases[parts[number]] + noise_bound;
    std::vector<float> means(part.count);
    std::atomic<bool> is_possible = true;
    for_each_block(part.count, [&](std::uint64_t begin, std::size_t count) {
      std::vector<std::uint64_t> sums(count);
      sum.read_anywhere(part.begin + begin, sums);
      for (std::size_t n = 0; n < count; ++n) {
        const auto value = static_cast<std::int64_t>(sums[n]);
        if (static_cast<std::uint64_t>(value < 0 ? -value : value) > most) is_possible = false;
        means[begin + n] = static_cast<float>(code.decode(sums[n]) / cases);
      }
    });
    require(is_possible, ErrorCode::kCorruptData, "the sum of tensor " + part.name + " is not what honest sites can have sent");
    return means;
  });
  result.mean.delta_file = std::make_shared<const SafetensorsFile>(path, "the sum of the round");
  return result;
}

}  // namespace consilium::fl
