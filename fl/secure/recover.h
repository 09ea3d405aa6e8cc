#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "fl/secure/secret.h"

namespace consilium::fl {

/// The secret of which these are shares, where some may be wrong: sets of `threshold` shares are tried until `is_right`. With one wrong share among one more than the threshold it is always
/// found; with many, within a bounded number of tries or not at all.
std::optional<Secret32> recover_secret(std::span<const std::uint32_t> places, std::span<const Secret32> shares, std::size_t threshold, const std::function<bool(const Secret32&)>& is_right);

}  // namespace consilium::fl
