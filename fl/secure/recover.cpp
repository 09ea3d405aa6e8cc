#include "fl/secure/recover.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "fl/secure/shamir.h"

namespace consilium::fl {
namespace {

constexpr int kMostTries = 5000;

/// The next set of as many numbers below n, in lexical order; false after the last.
bool next_choice(std::vector<std::size_t>& chosen, std::size_t n) {
  for (std::size_t at = chosen.size(); at-- > 0;) {
    if (chosen[at] + (chosen.size() - at) >= n) continue;
    ++chosen[at];
    std::iota(chosen.begin() + static_cast<std::ptrdiff_t>(at) + 1, chosen.end(), chosen[at] + 1);
    return true;
  }
  return false;
}

std::optional<Secret32> combined(std::span<const std::uint32_t> places, std::span<const Secret32> shares, const std::vector<std::size_t>& chosen) {
  std::vector<std::uint32_t> xs;
  std::vector<Secret32> values;
  for (const std::size_t n : chosen) {
    xs.push_back(places[n]);
    values.push_back(shares[n]);
  }
  try {
    return combine_secret(xs, values);
  } catch (const Error& error) {  // a share outside the field is a wrong one
    if (error.code() != ErrorCode::kCorruptData) throw;
    return std::nullopt;
  }
}

}  // namespace

std::optional<Secret32> recover_secret(std::span<const std::uint32_t> places, std::span<const Secret32> shares, std::size_t threshold, const std::function<bool(const Secret32&)>& is_right) {
  if (shares.size() < threshold || threshold == 0) return std::nullopt;
  std::vector<std::size_t> chosen(threshold);
  // Each share in turn left out: a single wrong one is found at once. Then every choice.
  for (std::size_t start = 0; start < shares.size(); ++start) {
    for (std::size_t n = 0; n < threshold; ++n) chosen[n] = (start + n) % shares.size();
    std::sort(chosen.begin(), chosen.end());
    if (const auto secret = combined(places, shares, chosen); secret && is_right(*secret)) return secret;
  }
  std::iota(chosen.begin(), chosen.end(), 0);
  for (int tries = 0; tries < kMostTries; ++tries) {
    if (const auto secret = combined(places, shares, chosen); secret && is_right(*secret)) return secret;
    if (!next_choice(chosen, shares.size())) break;
  }
  return std::nullopt;
}

}  // namespace consilium::fl
