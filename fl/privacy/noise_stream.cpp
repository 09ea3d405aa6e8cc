#include "fl/privacy/noise_stream.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>

#include "base/error.h"
#include "base/text.h"
#include "fl/secure/hkdf.h"
#include "fl/unpredictable.h"

namespace consilium::fl {
namespace {

constexpr std::size_t kBufferBytes = 8192;

}  // namespace

NoiseKey::~NoiseKey() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

NoiseKey NoiseKey::from_bytes(std::string_view bytes) {
  NoiseKey key;
  require(bytes.size() == key.bytes_.size(), ErrorCode::kCorruptData, "a noise key has 32 bytes, this one has " + std::to_string(bytes.size()));
  std::memcpy(key.bytes_.data(), bytes.data(), bytes.size());
  return key;
}

NoiseKey NoiseKey::random() {
  std::string bytes = unpredictable_bytes(32);
  NoiseKey key = from_bytes(bytes);
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return key;
}

NoiseKey NoiseKey::from_seed(std::uint64_t seed, std::string_view purpose) {
  NoiseKey key;
  for (int n = 0; n < 8; ++n) key.bytes_[static_cast<std::size_t>(n)] = static_cast<unsigned char>(seed >> (8 * n));
  return key.derive(purpose);
}

NoiseKey NoiseKey::derive(std::string_view purpose) const {
  const Secret32 derived = hmac_sha256({reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}, purpose);
  return from_bytes(derived.view());
}

std::string NoiseKey::name() const {
  const NoiseKey shown = derive("name");
  return to_hexadecimal({reinterpret_cast<const char*>(shown.bytes_.data()), 16});
}

NoiseStream::NoiseStream(const NoiseKey& key) : bits_(Secret32({reinterpret_cast<const char*>(key.bytes().data()), key.bytes().size()}), 0), buffer_(kBufferBytes), at_(kBufferBytes) {}
NoiseStream::~NoiseStream() { OPENSSL_cleanse(buffer_.data(), buffer_.size()); }

void NoiseStream::refill() {
  bits_.next(buffer_);
  at_ = 0;
}

std::uint64_t NoiseStream::next() {
  if (at_ + 8 > buffer_.size()) refill();
  std::uint64_t value = 0;
  for (int n = 0; n < 8; ++n) value |= static_cast<std::uint64_t>(buffer_[at_ + static_cast<std::size_t>(n)]) << (8 * n);
  at_ += 8;
  return value;
}

std::uint64_t NoiseStream::below(std::uint64_t bound) {
  // Bits enough for bound - 1; what is not below it is drawn again: fewer than two draws on average.
  const int bits = std::bit_width(bound - 1);
  if (bits == 0) return 0;
  for (;;) {
    const std::uint64_t value = next() >> (64 - bits);
    if (value < bound) return value;
  }
}

Wide NoiseStream::below(Wide bound) {
  const Wide last = bound - 1;
  const int bits = std::bit_width(static_cast<std::uint64_t>(last >> 64));
  for (;;) {
    Wide value = 0;
    if (bits > 0) value = static_cast<Wide>(next() >> (64 - bits)) << 64;
    value |= bits > 0 || static_cast<std::uint64_t>(last) == ~0ULL ? next() : below(static_cast<std::uint64_t>(bound));
    if (value < bound) return value;
  }
}

bool NoiseStream::coin() {
  if (coins_left_ == 0) {
    coins_ = next();
    coins_left_ = 64;
  }
  const bool head = coins_ & 1;
  coins_ >>= 1;
  --coins_left_;
  return head;
}

double NoiseStream::uniform() {
  // The exponent by tossing, so that values near 0 have all their digits: the normal distribution's tail is not cut at 8.5 deviations.
  int exponent = -1;
  std::uint64_t word = next();
  while (word == 0 && exponent > -900) {
    exponent -= 64;
    word = next();
  }
  if (word == 0) return std::ldexp(1.0, exponent);
  exponent -= std::countl_zero(word);
  return std::ldexp(static_cast<double>((next() >> 11) + (1ULL << 53)) * 0x1p-53, exponent);
}

double NoiseStream::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  const double radius = std::sqrt(-2 * std::log(uniform())), angle = 2 * std::numbers::pi * (static_cast<double>(next() >> 11) * 0x1p-53);
  spare_ = radius * std::sin(angle);
  has_spare_ = true;
  return radius * std::cos(angle);
}

}  // namespace consilium::fl
