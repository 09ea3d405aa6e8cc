#include "fl/secure/hkdf.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "base/error.h"
#include "fl/x509.h"

namespace consilium::fl {

Secret32 hmac_sha256(std::string_view key, std::string_view bytes) {
  Secret32 code;
  unsigned size = 0;
  require_ssl(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), code.data(), &size) != nullptr && size == code.size(), "computing an HMAC");
  return code;
}

Secret32 hkdf_extract_sha256(std::string_view salt, std::string_view key_material) {
  const std::string zeros(32, '\0');
  return hmac_sha256(salt.empty() ? std::string_view(zeros) : salt, key_material);
}

std::string hkdf_expand_sha256(std::string_view pseudorandom_key, std::string_view info, std::size_t size) {
  require(size <= 255 * std::size_t{32}, ErrorCode::kUsage, "HKDF gives at most 8160 bytes");
  std::string okm, block;
  const WipeAtEnd wipe(block);
  for (unsigned counter = 1; okm.size() < size; ++counter) {
    std::string input = block + std::string(info) + static_cast<char>(counter);
    const WipeAtEnd wipe_input(input);
    block = std::string(hmac_sha256(pseudorandom_key, input).view());
    okm.append(block, 0, std::min(block.size(), size - okm.size()));
  }
  return okm;
}

Secret32 hkdf_sha256(const Secret32& key_material, std::string_view info) {
  std::string okm = hkdf_expand_sha256(hkdf_extract_sha256("", key_material.view()).view(), info, 32);
  const WipeAtEnd wipe(okm);
  return Secret32(okm);
}

}  // namespace consilium::fl
