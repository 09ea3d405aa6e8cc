#include "fl/encrypt/key_stream.h"

#include <bit>
#include <cstring>
#include <string>

namespace consilium::fl {

static_assert(std::endian::native == std::endian::little, "words of a key stream are little endian");

Seed derive_seed(std::string_view purpose, std::string_view bytes) {
  std::string all(purpose);
  all += '\0';
  all += bytes;
  Seed seed;
  crypto_hash_sha256(seed.data(), reinterpret_cast<const unsigned char*>(all.data()), all.size());
  return seed;
}

KeyStream::KeyStream() : key_(crypto_stream_chacha20_KEYBYTES), buffer_(kWords) { randombytes_buf(key_.data(), key_.size()); }

KeyStream::KeyStream(const Seed& seed, std::uint64_t number) : key_(seed.begin(), seed.end()), number_(number), buffer_(kWords) {}

void KeyStream::refill() {
  std::uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
  std::memcpy(nonce, &number_, sizeof nonce);
  std::memset(buffer_.data(), 0, kWords * sizeof buffer_[0]);
  auto* const bytes = reinterpret_cast<unsigned char*>(buffer_.data());
  crypto_stream_chacha20_xor_ic(bytes, bytes, kWords * sizeof buffer_[0], nonce, blocks_, key_.data());
  blocks_ += kWords * sizeof buffer_[0] / 64;
  next_ = 0;
}

void KeyStream::fill(std::span<std::uint8_t> bytes) {
  for (std::size_t n = 0; n < bytes.size(); n += 8) {
    const std::uint64_t bits = word();
    std::memcpy(bytes.data() + n, &bits, std::min<std::size_t>(8, bytes.size() - n));
  }
}

}  // namespace consilium::fl
