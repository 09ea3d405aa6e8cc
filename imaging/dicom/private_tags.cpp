#include "imaging/dicom/private_tags.h"

#include <dcmtk/dcmdata/dcistrmb.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "imaging/dicom/values.h"

namespace consilium::imaging {
namespace {

constexpr unsigned long kMostValues = 4096;

/// In one walk over the elements, which come in the order of their tags, so creators before what they own: DCMTK finds an element by walking from the first, and a
/// series has thousands of files.
std::optional<DcmTagKey> key_of(DcmItem& item, const PrivateTag& tag) {
  constexpr Uint16 kFirstBlock = 0x10, kLastBlock = 0xFF;
  std::vector<Uint16> blocks;
  for (DcmObject* next = nullptr; (next = item.nextInContainer(next)) != nullptr;) {
    const DcmTagKey key = next->getTag();
    if (key.getGroup() < tag.group) continue;
    if (key.getGroup() > tag.group) break;
    const Uint16 element = key.getElement();
    if (element >= kFirstBlock && element <= kLastBlock) {
      if (text_of(item, key).starts_with(tag.creator)) blocks.push_back(element);
    } else if (std::any_of(blocks.begin(), blocks.end(), [&](Uint16 block) { return element == (block << 8 | tag.element); })) {
      return key;
    }
  }
  return std::nullopt;
}

std::string bytes_of(DcmItem& item, const DcmTagKey& key) {
  DcmElement* element = element_of(item, key);
  if (element == nullptr) return "";
  Uint8* bytes = nullptr;
  if (element->getUint8Array(bytes).good() && bytes != nullptr)
    return {reinterpret_cast<const char*>(bytes), element->getLength()};
  OFString text;
  if (element->getOFStringArray(text).good()) return {text.c_str(), text.length()};
  return "";
}

/// A sequence of known length; DCMTK lets only its own classes make one.
struct SequenceOfBytes : DcmSequenceOfItems {
  SequenceOfBytes(const DcmTag& tag, std::size_t bytes) : DcmSequenceOfItems(tag, static_cast<Uint32>(bytes), OFFalse) {}
};

/// Where the VR is implicit nothing says that a private element is a sequence: its items are parsed and put in its place. Null when it holds none.
DcmSequenceOfItems* opened(DcmItem& item, const DcmTagKey& key) {
  std::string bytes = bytes_of(item, key);
  if (!bytes.starts_with(std::string_view("\xFE\xFF\x00\xE0", 4))) return nullptr;
  auto sequence = std::make_unique<SequenceOfBytes>(DcmTag(key, EVR_SQ), bytes.size());
  DcmInputBufferStream stream;
  stream.setBuffer(bytes.data(), static_cast<offile_off_t>(bytes.size()));
  stream.setEos();
  sequence->transferInit();
  const OFCondition read = sequence->read(stream, EXS_LittleEndianImplicit, EGL_noChange);
  sequence->transferEnd();
  if (read.bad() || item.insert(sequence.get(), OFTrue).bad()) return nullptr;
  return sequence.release();
}

template <typename T>
std::vector<double> numbers_in(const std::string& bytes) {
  std::vector<double> numbers;
  for (std::size_t at = 0; at + sizeof(T) <= bytes.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof(T));
    numbers.push_back(static_cast<double>(value));
  }
  return numbers;
}

std::vector<double> numbers_in_text(const std::string& text) {
  std::vector<double> numbers;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\\', start), text.size());
    const std::string word = text.substr(start, end - start);
    char* stop = nullptr;
    const double value = std::strtod(word.c_str(), &stop);
    if (stop == word.c_str()) return {};
    numbers.push_back(value);
    start = end + 1;
  }
  return numbers;
}

}  // namespace

std::vector<double> private_numbers(DcmItem& item, const PrivateTag& tag, PrivateType type) {
  const auto key = key_of(item, tag);
  if (!key) return {};
  std::vector<double> numbers;
  for (unsigned long n = 0; n < kMostValues; ++n) {
    const auto value = number_of(item, *key, n);
    if (!value) break;
    numbers.push_back(*value);
  }
  if (!numbers.empty()) return numbers;
  const std::string bytes = bytes_of(item, *key);
  if (type == PrivateType::kText) numbers = numbers_in_text(bytes);
  if (type == PrivateType::kFloat32) numbers = numbers_in<float>(bytes);
  if (type == PrivateType::kFloat64) numbers = numbers_in<double>(bytes);
  if (type == PrivateType::kUint16) numbers = numbers_in<std::uint16_t>(bytes);
  for (const double value : numbers)
    if (!std::isfinite(value)) return {};
  return numbers;
}

std::string private_text(DcmItem& item, const PrivateTag& tag) {
  const auto key = key_of(item, tag);
  if (!key) return "";
  std::string text = bytes_of(item, *key);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.pop_back();
  return text;
}

std::string private_bytes(DcmItem& item, const PrivateTag& tag) {
  const auto key = key_of(item, tag);
  return key ? bytes_of(item, *key) : "";
}

std::vector<DcmItem*> private_items(DcmItem& item, const PrivateTag& tag) {
  const auto key = key_of(item, tag);
  DcmSequenceOfItems* sequence = nullptr;
  std::vector<DcmItem*> items;
  if (!key) return items;
  if (item.findAndGetSequence(*key, sequence).bad() || sequence == nullptr) sequence = opened(item, *key);
  if (sequence == nullptr) return items;
  for (DcmObject* next = nullptr; (next = sequence->nextInContainer(next)) != nullptr;)
    if (auto* one = dynamic_cast<DcmItem*>(next)) items.push_back(one);
  return items;
}

DcmItem* private_item(DcmItem& item, const PrivateTag& tag) {
  const auto items = private_items(item, tag);
  return items.empty() ? nullptr : items.front();
}

}  // namespace consilium::imaging
