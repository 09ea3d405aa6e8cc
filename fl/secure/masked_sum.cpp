#include "fl/secure/masked_sum.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <string>

#include "base/error.h"
#include "base/parallel.h"
#include "fl/secure/fixed_point.h"
#include "models/state/safetensors_file.h"

namespace consilium::fl {
namespace {

/// The low `width` bytes of each number, one after the other.
template <std::size_t Width>
void pack_as(std::span<const std::uint64_t> numbers, char* bytes) {
  for (std::size_t n = 0; n < numbers.size(); ++n) std::memcpy(bytes + n * Width, &numbers[n], Width);
}
template <std::size_t Width>
void add_as(const char* bytes, std::span<std::uint64_t> sums) {
  for (std::size_t n = 0; n < sums.size(); ++n) {
    std::uint64_t number = 0;
    std::memcpy(&number, bytes + n * Width, Width);
    sums[n] += number;
  }
}

/// Calls use.operator()<Width>() with the width known to the compiler.
template <typename Use>
void with_width(std::size_t width, Use use) {
  switch (width) {
    case 1: return use.template operator()<1>();
    case 2: return use.template operator()<2>();
    case 3: return use.template operator()<3>();
    case 4: return use.template operator()<4>();
    case 5: return use.template operator()<5>();
    case 6: return use.template operator()<6>();
    case 7: return use.template operator()<7>();
    default: return use.template operator()<8>();
  }
}

/// Values and totals lie one after the other, in different widths.
std::uint64_t offset_of(std::uint64_t position, std::uint64_t totals_begin, std::size_t value_bytes) { return position <= totals_begin ? position * value_bytes : totals_begin * value_bytes + 8 * (position - totals_begin); }

void for_each_block(std::uint64_t size, const std::function<void(std::uint64_t position, std::size_t count)>& use) {
  parallel_for((size + kMaskBlock - 1) / kMaskBlock, 1, [&](std::size_t first, std::size_t last) {
    for (std::size_t block = first; block < last; ++block) {
      const std::uint64_t position = static_cast<std::uint64_t>(block) * kMaskBlock;
      use(position, static_cast<std::size_t>(std::min<std::uint64_t>(kMaskBlock, size - position)));
    }
  });
}

}  // namespace

void write_masked(const std::filesystem::path& path, const MaskedLayout& layout, std::size_t value_bytes, const std::function<void(std::uint64_t, std::span<std::uint64_t>)>& fill, std::span<const KeyedMask> masks) {
  const std::uint64_t bytes = layout.size_bytes(value_bytes);
  if (std::error_code absent; std::filesystem::file_size(path, absent) != bytes || absent) std::filesystem::remove(path);
  const OpenFile file(path, true);
  file.reserve(bytes);
  for_each_block(layout.size(), [&](std::uint64_t position, std::size_t count) {
    std::vector<std::uint64_t> block(count);
    fill(position, block);
    for (const KeyedMask& mask : masks) apply_mask(mask.key, mask.sign, position, block);
    const std::uint64_t values = std::min<std::uint64_t>(count, layout.totals_begin - std::min(position, layout.totals_begin));
    std::string packed(values * value_bytes + 8 * (count - values), '\0');
    with_width(value_bytes, [&]<std::size_t Width>() { pack_as<Width>(std::span(block).first(values), packed.data()); });
    pack_as<8>(std::span(block).subspan(values), packed.data() + values * value_bytes);
    file.write(offset_of(position, layout.totals_begin, value_bytes), packed);
  });
}

MaskedSum::MaskedSum(const std::vector<std::filesystem::path>& files, const MaskedLayout& layout, std::size_t value_bytes, std::vector<KeyedMask> masks) : totals_begin_(layout.totals_begin), value_bytes_(value_bytes), masks_(std::move(masks)) {
  for (const auto& path : files) {
    files_.emplace_back(path, false);
    const std::uint64_t expected = layout.size_bytes(value_bytes), found = files_.back().size();
    require(found == expected, ErrorCode::kCorruptData, "a masked update of " + std::to_string(found) + " bytes, expected " + std::to_string(expected));
  }
}

void MaskedSum::add_files(std::uint64_t position, std::span<std::uint64_t> out) const {
  constexpr std::size_t kPiece = 8192;
  const std::size_t width = position < totals_begin_ ? value_bytes_ : 8;
  std::vector<char> addend(std::min(kPiece, out.size()) * width);
  for (std::size_t begin = 0; begin < out.size(); begin += kPiece) {
    const std::span<std::uint64_t> sums = out.subspan(begin, std::min(kPiece, out.size() - begin));
    const std::span<char> bytes = std::span(addend).first(sums.size() * width);
    for (const OpenFile& file : files_) {
      require(file.read(offset_of(position + begin, totals_begin_, value_bytes_), bytes) == bytes.size(), ErrorCode::kCorruptData, "a masked update ends too early");
      with_width(width, [&]<std::size_t Width>() { add_as<Width>(bytes.data(), sums); });
    }
  }
}

void MaskedSum::read(std::uint64_t position, std::span<std::uint64_t> out) const {
  require(position >= totals_begin_ || position + out.size() <= totals_begin_, ErrorCode::kUsage, "values and totals are read apart");
  const std::size_t width = position < totals_begin_ ? value_bytes_ : 8;
  const std::uint64_t before = position % kMaskStep;  // masks begin at whole blocks of their key stream
  std::vector<std::uint64_t> sums(before + out.size());
  add_files(position, std::span(sums).subspan(before));
  for (const KeyedMask& mask : masks_) apply_mask(mask.key, mask.sign, position - before, sums);
  const auto shift = static_cast<int>(64 - 8 * width);
  for (std::size_t n = 0; n < out.size(); ++n) out[n] = static_cast<std::uint64_t>(static_cast<std::int64_t>(sums[before + n] << shift) >> shift);  // the sign of the bytes that there are
}

std::vector<std::uint64_t> summed_totals(const MaskedSum& sum, const MaskedLayout& layout) {
  std::vector<std::uint64_t> numbers(layout.totals());
  sum.read(layout.totals_begin, numbers);
  return numbers;
}

void note_totals(const MaskedTotals& totals, const MaskedLayout& layout, ProtectedSum& result) {
  result.validation = totals.validation;
  for (std::size_t n = 0; n < layout.metrics.size(); ++n)
    if (totals.metrics[n].second > 0) result.metrics[layout.metrics[n]] = totals.metrics[n].first;
  for (std::size_t n = 0; n < layout.counted.size(); ++n) result.metrics[owners_metric(layout.counted[n])] = static_cast<double>(totals.owners[n]);
  if (totals.values > 0) result.metrics["clipped"] = static_cast<double>(totals.cut_off) / static_cast<double>(totals.values);
  for (std::size_t n = 0; n < layout.parts.size(); ++n)
    if (totals.cases[n] > 0) {
      double& cases = result.metrics["cases." + layout.parts[n].group];
      cases = std::max(cases, static_cast<double>(totals.cases[n]));
    }
}

ProtectedSum open_sum(const MaskedSum& sum, const MaskedLayout& layout, const SecureAggregationSettings& settings, std::vector<std::string> contributors, const std::filesystem::path& path, std::uint64_t noise_bound) {
  const MaskedTotals totals = parse_totals(summed_totals(sum, layout), layout, contributors.size(), settings.most_cases);
  ProtectedSum result;
  result.mean.site = "sum";
  result.contributors = std::move(contributors);
  note_totals(totals, layout, result);
  const FixedPoint code = fixed_point_of(settings);
  const auto limit = static_cast<std::uint64_t>(code.encode(settings.clip));
  std::vector<NamedTensor> trained;
  std::vector<std::size_t> parts;
  for (std::size_t n = 0; n < layout.parts.size(); ++n) {
    const MaskedLayout::Part& part = layout.parts[n];
    if (totals.cases[n] == 0) continue;
    trained.push_back({part.name, part.group, part.shape, {}});
    parts.push_back(n);
    // An update of one site alone is weighed against nothing.
    result.mean.cases_per_group[part.group] = std::min<std::int64_t>(static_cast<std::int64_t>(result.metrics.at("cases." + part.group)), kMostCases);
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
      sum.read(part.begin + begin, sums);
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
