#pragma once

#include <string>
#include <string_view>

#include "base/settings.h"

namespace consilium::fl {

/// The one way in which the ledger writes JSON, so that what is signed and hashed has one form: keys sorted by their bytes, no spaces, whole numbers in decimal, others as the
/// shortest decimal that reads back to the same double, UTF-8 unescaped.
std::string canonical_text(const Json& json);
/// @throws Error{kCorruptData} naming `origin`: no JSON, or not as canonical_text writes it.
Json parse_canonical(std::string_view text, const std::string& origin);

/// `read` over the fields of one object; what a settings file would call a mistake is damage here. @throws Error{kCorruptData}
void read_fields(const Json& json, const std::string& origin, const std::function<void(SettingsReader&)>& read);
/// @throws Error{kCorruptData} unless `text` is a SHA-256 in lower-case hexadecimal.
void require_digest(const std::string& text, const std::string& origin);

}  // namespace consilium::fl
