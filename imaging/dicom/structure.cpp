#include "imaging/dicom/structure.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace consilium::imaging {
namespace {

constexpr std::uint32_t kItem = 0xFFFEE000, kItemEnd = 0xFFFEE00D, kSequenceEnd = 0xFFFEE0DD, kPixels = 0x7FE00010;
constexpr std::uint32_t kUndefined = 0xFFFFFFFF;

std::size_t count_of(std::string_view bytes, std::string_view pattern) {
  std::size_t count = 0;
  for (std::size_t at = bytes.find(pattern); at != std::string_view::npos; at = bytes.find(pattern, at + pattern.size())) ++count;
  return count;
}

/// Item tags in either byte order.
std::size_t count_items(std::string_view bytes) {
  return std::max(count_of(bytes, std::string_view("\xfe\xff\x00\xe0", 4)),
                  count_of(bytes, std::string_view("\xff\xfe\xe0\x00", 4)));
}

struct Element {
  std::uint32_t tag = 0;
  std::string_view vr = {};  ///< empty where values have none
  std::uint32_t length = 0;
  std::size_t value = 0;  ///< where the value begins
};

class Walk {
 public:
  Walk(std::string_view bytes, std::size_t length, DicomEncoding encoding)
      : bytes_(bytes), length_(length), encoding_(encoding) {}

  DicomStructure run() {
    while (step()) {
    }
    return {deepest_ + opaque_, overruns_};
  }

 private:
  struct Level {
    std::size_t end;  ///< of an item or sequence of defined length
    bool has_length;
    bool is_sequence;
    bool is_explicit;
  };

  std::uint32_t number(std::size_t at, std::size_t count) const {
    std::uint32_t value = 0;
    for (std::size_t n = 0; n < count; ++n)
      value = value << 8 | static_cast<unsigned char>(bytes_[at + (encoding_.is_big ? n : count - 1 - n)]);
    return value;
  }
  std::uint32_t tag_at(std::size_t at) const { return number(at, 2) << 16 | number(at + 2, 2); }

  /// Nothing where no element can begin.
  std::optional<Element> element(std::size_t at, bool is_explicit) const {
    if (bytes_.size() < 8 || at > bytes_.size() - 8) return std::nullopt;
    Element e{.tag = tag_at(at), .length = number(at + 4, 4), .value = at + 8};
    if (!is_explicit || e.tag >> 16 == 0xFFFE) return e;
    e.vr = bytes_.substr(at + 4, 2);
    if (!is_vr(e.vr)) return std::nullopt;
    e.length = number(at + 6, 2);
    if (!is_long_vr(e.vr)) return e;
    if (at + 12 > bytes_.size()) return std::nullopt;
    e.length = number(at + 8, 4), e.value = at + 12;
    return e;
  }

  bool stop_lost() {
    opaque_ += count_items(bytes_.substr(std::min(at_, bytes_.size())));
    return false;
  }

  void open(const Element& e, bool is_sequence, bool is_explicit) {
    const bool has_length = e.length != kUndefined;
    overruns_ = overruns_ || (has_length && e.length > length_ - std::min(length_, e.value));
    levels_.push_back({e.value + e.length, has_length, is_sequence, is_explicit});
    deepest_ = std::max(deepest_, levels_.size());
    at_ = e.value;
  }

  /// By its VR or, where there is none to trust, by what the value begins with.
  bool is_sequence(const Element& e) const {
    if (e.vr == "SQ") return true;
    if (!e.vr.empty() && e.vr != "UN") return false;
    if (e.length == kUndefined) return true;
    return e.length >= 8 && e.value + 8 <= bytes_.size() && tag_at(e.value) == kItem;
  }

  bool step() {
    while (!levels_.empty() && levels_.back().has_length && at_ >= levels_.back().end) levels_.pop_back();
    const bool is_explicit = levels_.empty() ? encoding_.is_explicit : levels_.back().is_explicit;
    if (at_ >= bytes_.size()) return false;
    const auto e = element(at_, is_explicit);
    if (!e) return stop_lost();
    const bool in_sequence = !levels_.empty() && levels_.back().is_sequence;
    if (in_sequence || e->tag >> 16 == 0xFFFE) return delimiter(*e, in_sequence, is_explicit);
    if (levels_.empty() && e->tag == kPixels) return false;
    // Sequences within UN are implicit (PS3.5 6.2.2); where a writer kept the encoding the walk is lost, and counts.
    if (is_sequence(*e)) return open(*e, true, is_explicit && e->vr == "SQ"), true;
    if (e->length == kUndefined) return stop_lost();
    if (e->length > length_ - std::min(length_, e->value)) overruns_ = true;
    const std::size_t left = bytes_.size() - e->value;
    if (e->vr.empty() || e->vr == "UN") opaque_ += count_items(bytes_.substr(e->value, std::min<std::size_t>(e->length, left)));
    if (e->length > left) return false;
    at_ = e->value + e->length;
    return true;
  }

  bool delimiter(const Element& e, bool in_sequence, bool is_explicit) {
    if (e.tag == kItem && in_sequence) return open(e, false, is_explicit), true;
    const bool ends =
        e.tag == (in_sequence ? kSequenceEnd : kItemEnd) && !levels_.empty() && !levels_.back().has_length && e.length == 0;
    if (!ends) return stop_lost();
    levels_.pop_back(), at_ = e.value;
    return true;
  }

  std::string_view bytes_;
  std::size_t length_;
  DicomEncoding encoding_;
  std::size_t at_ = 0, deepest_ = 0, opaque_ = 0;
  bool overruns_ = false;
  std::vector<Level> levels_;
};

}  // namespace

DicomStructure survey(std::string_view bytes, std::size_t length, DicomEncoding encoding) {
  return Walk(bytes, length, encoding).run();
}

}  // namespace consilium::imaging
