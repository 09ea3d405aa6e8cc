#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "fl/secure/secret.h"

namespace consilium::fl {

/// 32 bytes. Source: RFC 2104, FIPS 180-4.
Secret32 hmac_sha256(std::string_view key, std::string_view bytes);
/// Source: RFC 5869, section 2.2. An empty salt is 32 zeros.
Secret32 hkdf_extract_sha256(std::string_view salt, std::string_view key_material);
/// Source: RFC 5869, section 2.3. @throws Error{kUsage} more than 8160 bytes.
std::string hkdf_expand_sha256(std::string_view pseudorandom_key, std::string_view info, std::size_t size);
/// A key of its own for every purpose: extract without salt, expand by `info`.
Secret32 hkdf_sha256(const Secret32& key_material, std::string_view info);

}  // namespace consilium::fl
