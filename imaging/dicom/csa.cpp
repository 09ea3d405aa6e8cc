#include "imaging/dicom/csa.h"

#include <cstdint>

#include "imaging/dicom/little_endian.h"

namespace consilium::imaging {
namespace {

constexpr std::size_t kNameBytes = 64, kFieldBytes = 84, kItemBytes = 16;

std::string trimmed(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return std::string(text);
}

}  // namespace

std::vector<std::string> csa_values(std::string_view header, std::string_view field) {
  std::size_t at = header.starts_with("SV10") ? 8 : 0;
  if (header.size() < at + 8) return {};
  const std::uint32_t fields = little_endian(header, at);
  at += 8;
  for (std::uint32_t f = 0; f < fields && at + kFieldBytes <= header.size(); ++f) {
    const bool wanted = trimmed(header.substr(at, kNameBytes)) == field;
    const std::uint32_t items = little_endian(header, at + kNameBytes + 12);
    at += kFieldBytes;
    std::vector<std::string> values;
    for (std::uint32_t n = 0; n < items; ++n) {
      if (at + kItemBytes > header.size()) return {};
      const std::size_t length = little_endian(header, at + 4);
      at += kItemBytes;
      if (length > header.size() - at) return {};
      if (std::string value = trimmed(header.substr(at, length)); wanted && !value.empty()) values.push_back(std::move(value));
      at += (length + 3) / 4 * 4;
    }
    if (wanted) return values;
  }
  return {};
}

}  // namespace consilium::imaging
