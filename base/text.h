#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace consilium {

/// `text` as it can be shown, stored and sent: every byte that is not part of sound UTF-8, and every control character, becomes '?'; of what is longer than
/// `most_bytes`, the first whole characters.
std::string printable(std::string_view text, std::size_t most_bytes = 4096);

/// Lower-case, two digits per byte.
std::string to_hexadecimal(std::string_view bytes);

}  // namespace consilium
