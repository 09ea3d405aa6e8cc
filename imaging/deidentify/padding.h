#pragma once

#include <string_view>

namespace consilium::imaging {

/// A value without the blanks and zero bytes that stand before and behind it: even length is made with one of them.
inline std::string_view without_padding(std::string_view text) {
  const auto is_padding = [](char c) { return c == ' ' || c == '\0'; };
  while (!text.empty() && is_padding(text.back())) text.remove_suffix(1);
  while (!text.empty() && is_padding(text.front())) text.remove_prefix(1);
  return text;
}

}  // namespace consilium::imaging
