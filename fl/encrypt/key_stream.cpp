#include "fl/encrypt/key_stream.h"

#include <bit>
#include <cstring>
#include <string>

#include "fl/secure/chacha20.h"

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
  // The cipher's state has a counter of 32 bits and a nonce of 96 in RFC 8439, and of 64 and 64 in Bernstein's original, whose numbers these are: the counter's upper half leads the nonce.
  ChaChaNonce nonce{};
  const auto high = static_cast<std::uint32_t>(blocks_ >> 32);
  std::memcpy(nonce.data(), &high, sizeof high);
  std::memcpy(nonce.data() + sizeof high, &number_, sizeof number_);
  std::memset(buffer_.data(), 0, kWords * sizeof buffer_[0]);
  const std::span bytes(reinterpret_cast<unsigned char*>(buffer_.data()), kWords * sizeof buffer_[0]);
  chacha20_xor(Secret32({reinterpret_cast<const char*>(key_.data()), key_.size()}), nonce, static_cast<std::uint32_t>(blocks_), bytes, bytes);
  blocks_ += bytes.size() / kChaChaBlockBytes;
  next_ = 0;
}

void KeyStream::fill(std::span<std::uint8_t> bytes) {
  for (std::size_t n = 0; n < bytes.size(); n += 8) {
    const std::uint64_t bits = word();
    std::memcpy(bytes.data() + n, &bits, std::min<std::size_t>(8, bytes.size() - n));
  }
}

}  // namespace consilium::fl
