#include "fl/encrypt/security_table.h"

#include <array>
#include <bit>
#include <string>

#include "base/error.h"

namespace consilium::fl {
namespace {

constexpr std::size_t kSmallestRing = 1024;
using Row = std::array<int, 6>;  // of rings of 1024 to 32768; 0: not in the table

const Row& row_of(Security security) {
  static constexpr Row kClassical128{27, 54, 109, 218, 438, 881}, kQuantum128{25, 51, 101, 202, 411, 827}, kClassical192{19, 37, 75, 152, 305, 611}, kClassical256{14, 29, 58, 118, 237, 476};
  switch (security) {
    case Security::kQuantum128: return kQuantum128;
    case Security::kClassical192: return kClassical192;
    case Security::kClassical256: return kClassical256;
    default: return kClassical128;
  }
}

}  // namespace

std::string_view to_string(Security security) {
  switch (security) {
    case Security::kToy: return "none";
    case Security::kClassical128: return "128 bits, classical";
    case Security::kQuantum128: return "128 bits, quantum";
    case Security::kClassical192: return "192 bits, classical";
    default: return "256 bits, classical";
  }
}

std::optional<int> most_modulus_bits(Security security, std::size_t ring_size) {
  if (!std::has_single_bit(ring_size) || ring_size < kSmallestRing) return std::nullopt;
  const auto place = static_cast<std::size_t>(std::countr_zero(ring_size) - std::countr_zero(kSmallestRing));
  if (place >= Row{}.size()) return std::nullopt;
  return row_of(security)[place];
}

void require_secure(Security security, std::size_t ring_size, int modulus_bits) {
  if (security == Security::kToy) return;
  const std::optional<int> most = most_modulus_bits(security, ring_size);
  require(most.has_value(), ErrorCode::kRefused, "the table of secure parameters has no ring of size " + std::to_string(ring_size));
  require(modulus_bits <= *most, ErrorCode::kRefused,
          "a modulus of " + std::to_string(modulus_bits) + " bits over a ring of size " + std::to_string(ring_size) + " is less than " + std::string(to_string(security)) + ": at most " + std::to_string(*most) + " bits");
}

}  // namespace consilium::fl
