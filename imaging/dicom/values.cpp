#include "imaging/dicom/values.h"

#include <cmath>

namespace consilium::imaging {
namespace {

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.pop_back();
  const std::size_t first = text.find_first_not_of(' ');
  return first == std::string::npos ? "" : text.substr(first);
}

}  // namespace

std::string text_of(DcmItem& item, const DcmTagKey& tag) {
  OFString value;
  if (item.findAndGetOFStringArray(tag, value).bad()) return "";
  std::string text = trimmed(std::string(value.c_str(), value.length()));
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return text;
}

std::vector<std::string> words_of(DcmItem& item, const DcmTagKey& tag) {
  std::vector<std::string> words;
  const std::string text = text_of(item, tag);
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\\', start), text.size());
    words.push_back(trimmed(text.substr(start, end - start)));
    start = end + 1;
  }
  return words;
}

std::optional<double> number_of(DcmItem& item, const DcmTagKey& tag, unsigned long index) {
  DcmElement* element = nullptr;
  if (item.findAndGetElement(tag, element).bad() || element == nullptr) return std::nullopt;
  Float64 real = 0;
  Float32 single = 0;
  Sint32 whole = 0;
  Uint16 small = 0;
  if (element->getFloat64(real, index).good()) return std::isfinite(real) ? std::optional<double>(real) : std::nullopt;
  if (element->getFloat32(single, index).good()) return std::isfinite(single) ? std::optional<double>(single) : std::nullopt;
  if (element->getSint32(whole, index).good()) return whole;
  if (element->getUint16(small, index).good()) return small;
  return std::nullopt;
}

std::optional<int> integer_of(DcmItem& item, const DcmTagKey& tag) {
  const auto value = number_of(item, tag);
  if (!value || std::abs(*value) > 2e9) return std::nullopt;
  return static_cast<int>(*value);
}

std::optional<Vec3> vector_of(DcmItem& item, const DcmTagKey& tag, unsigned long first) {
  Vec3 vector;
  for (unsigned long n = 0; n < 3; ++n) {
    const auto value = number_of(item, tag, first + n);
    if (!value) return std::nullopt;
    vector[n] = *value;
  }
  return vector;
}

}  // namespace consilium::imaging
