#include "imaging/dicom/values.h"

#include <dcmtk/dcmdata/dcspchrs.h>

#include <iconv.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

namespace consilium::imaging {
namespace {

bool is_word_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 0x80;
}

/// Calls `visit` on each word of a text with its place.
template <typename Visit>
void for_each_word(const std::string& text, const Visit& visit) {
  for (std::size_t start = 0; start < text.size(); ++start) {
    std::size_t end = start;
    while (end < text.size() && is_word_character(text[end])) ++end;
    if (end > start) visit(start, end - start);
    start = end;
  }
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// Specific Character Set (0008,0005) of the item, or of the data set around it.
std::string character_set_of(DcmItem& item) {
  for (DcmObject* place = &item; place != nullptr; place = place->getParent()) {
    auto* around = dynamic_cast<DcmItem*>(place);
    OFString name;
    if (around != nullptr && around->findAndGetOFStringArray(DCM_SpecificCharacterSet, name).good()) return {name.c_str(), name.length()};
  }
  return "";
}

std::string by_iconv(const char* code, std::string text) {
  const iconv_t converter = iconv_open("UTF-8", code);
  if (converter == reinterpret_cast<iconv_t>(-1)) return "";
  std::string converted(4 * text.size() + 16, '\0');
  char *in = text.data(), *out = converted.data();
  std::size_t left = text.size(), room = converted.size();
  const bool done = iconv(converter, &in, &left, &out, &room) != static_cast<std::size_t>(-1);
  iconv_close(converter);
  converted.resize(done ? converted.size() - room : 0);
  return converted;
}

/// The East Asian sets that switch by escape sequences: glibc knows them, but not by the names that DCMTK asks for.
std::string from_east_asian(const std::string& set, std::string text) {
  if (set.find("IR 87") != std::string::npos || set.find("IR 159") != std::string::npos) return by_iconv("ISO-2022-JP-2", text);
  const char* code = set.find("IR 149") != std::string::npos ? "EUC-KR" : set.find("IR 58") != std::string::npos ? "GB2312" : nullptr;
  if (code == nullptr) return "";
  // These hold their characters in the upper half: the sequence only announces it.
  for (std::size_t at = text.find("\x1b$)"); at != std::string::npos; at = text.find("\x1b$)")) text.erase(at, 4);
  return by_iconv(code, text);
}

/// Text of any character set of PS3.3 C.12.1.1.2 as UTF-8; as it stands where it cannot be converted.
std::string to_utf8(DcmItem& item, const OFString& text) {
  const std::string plain(text.c_str(), text.length());
  const bool is_ascii = std::all_of(plain.begin(), plain.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80 && c != 0x1b; });
  if (is_ascii) return plain;
  DcmSpecificCharacterSet converter;
  OFString converted;
  const std::string set = character_set_of(item);
  if (const std::string known = from_east_asian(set, plain); !known.empty()) return known;
  if (!DcmSpecificCharacterSet::isConversionAvailable() || converter.selectCharacterSet(set.c_str()).bad() ||
      converter.convertString(text, converted, "\\^=").bad())
    return plain;
  return {converted.c_str(), converted.length()};
}

std::optional<double> number_in(DcmElement& element, unsigned long index) {
  Float64 real = 0;
  Float32 single = 0;
  Sint32 whole = 0;
  Uint32 large = 0;
  Uint16 small = 0;
  Sint16 small_signed = 0;
  if (element.getFloat64(real, index).good()) return std::isfinite(real) ? std::optional<double>(real) : std::nullopt;
  if (element.getFloat32(single, index).good()) return std::isfinite(single) ? std::optional<double>(single) : std::nullopt;
  if (element.getSint32(whole, index).good()) return whole;
  if (element.getUint32(large, index).good()) return large;
  if (element.getUint16(small, index).good()) return small;
  if (element.getSint16(small_signed, index).good()) return small_signed;
  return std::nullopt;
}

}  // namespace

DcmElement* element_of(DcmItem& item, const DcmTagKey& tag) {
  for (DcmObject* next = nullptr; (next = item.nextInContainer(next)) != nullptr;) {
    if (next->getTag() < tag) continue;
    return next->getTag() == tag ? dynamic_cast<DcmElement*>(next) : nullptr;
  }
  return nullptr;
}

std::string unpadded(std::string text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.pop_back();
  const std::size_t first = text.find_first_not_of(' ');
  return first == std::string::npos ? "" : text.substr(first);
}

std::string text_of(DcmItem& item, const DcmTagKey& tag) {
  OFString value;
  DcmElement* element = element_of(item, tag);
  if (element == nullptr || element->getOFStringArray(value).bad()) return "";
  std::string text = unpadded(to_utf8(item, value));
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return text;
}

std::string free_text_of(DcmItem& item, const DcmTagKey& tag) { return free_text_of(item, tag, item); }

std::string free_text_of(DcmItem& item, const DcmTagKey& tag, DcmItem& data_set) {
  std::string text = text_of(item, tag);
  if (text.empty()) return text;
  // People type names into descriptions. Two letters are too common to be a name ("T1").
  std::set<std::string> identity;
  for (const DcmTagKey& key :
       {DCM_PatientName, DCM_PatientID, DCM_PatientBirthDate, DCM_AccessionNumber, DCM_OtherPatientNames}) {
    const std::string value = lower(text_of(data_set, key));
    for_each_word(value, [&](std::size_t start, std::size_t length) {
      if (length > 2) identity.insert(value.substr(start, length));
    });
  }
  std::string clean;
  std::size_t copied = 0;
  for_each_word(text, [&](std::size_t start, std::size_t length) {
    clean += text.substr(copied, start - copied);
    const std::string word = text.substr(start, length);
    clean += identity.contains(lower(word)) ? "***" : word;
    copied = start + length;
  });
  return clean + text.substr(copied);
}

std::vector<std::string> words_of(DcmItem& item, const DcmTagKey& tag) {
  std::vector<std::string> words;
  const std::string text = text_of(item, tag);
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\\', start), text.size());
    words.push_back(unpadded(text.substr(start, end - start)));
    start = end + 1;
  }
  return words;
}

std::optional<double> number_of(DcmItem& item, const DcmTagKey& tag, unsigned long index) {
  DcmElement* element = element_of(item, tag);
  return element == nullptr ? std::nullopt : number_in(*element, index);
}

std::optional<int> integer_of(DcmItem& item, const DcmTagKey& tag) {
  const auto value = number_of(item, tag);
  if (!value || std::abs(*value) > 2e9) return std::nullopt;
  return static_cast<int>(*value);
}

std::optional<Vec3> vector_of(DcmItem& item, const DcmTagKey& tag, unsigned long first) {
  DcmElement* element = element_of(item, tag);
  if (element == nullptr) return std::nullopt;
  Vec3 vector;
  for (unsigned long n = 0; n < 3; ++n) {
    const auto value = number_in(*element, first + n);
    if (!value) return std::nullopt;
    vector[n] = *value;
  }
  return vector;
}

}  // namespace consilium::imaging
