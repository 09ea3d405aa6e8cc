#include "imaging/dicom/file_meta.h"

#include <cstdint>
#include <optional>

#include "imaging/dicom/little_endian.h"

namespace consilium::imaging {
namespace {

constexpr std::string_view kLongForms = "OB OD OF OL OV OW SQ SV UC UN UR UT UV ";
constexpr std::string_view kShortForms = "AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US ";

bool holds(std::string_view list, std::string_view vr) {
  for (std::size_t n = 0; n + 2 < list.size(); n += 3)
    if (list.substr(n, 2) == vr) return true;
  return false;
}

std::string trimmed(std::string_view uid) {
  while (!uid.empty() && (uid.back() == '\0' || uid.back() == ' ')) uid.remove_suffix(1);
  return std::string(uid);
}

/// Meta headers are explicit little endian. Stops at the first element of another group, or that makes no sense.
void walk_meta(std::string_view bytes, FileMeta& meta) {
  while (meta.data_set + 8 <= bytes.size() && little_endian(bytes, meta.data_set, 2) == 2) {
    const std::string_view vr = bytes.substr(meta.data_set + 4, 2);
    const bool is_long = is_long_vr(vr);
    if (!is_vr(vr) || (is_long && meta.data_set + 12 > bytes.size())) return;
    const std::uint32_t length = is_long ? little_endian(bytes, meta.data_set + 8, 4) : little_endian(bytes, meta.data_set + 6, 2);
    const std::size_t value = meta.data_set + (is_long ? 12 : 8);
    if (length > bytes.size() - value) return;
    const std::uint32_t element = little_endian(bytes, meta.data_set + 2, 2);
    if (element == 0x0010) meta.transfer_syntax = trimmed(bytes.substr(value, length));
    if (element == 0x0002) meta.sop_class_uid = trimmed(bytes.substr(value, length));
    meta.data_set = value + length;
  }
}

/// What the first element looks like. Groups are small numbers: the larger byte order is the wrong one.
std::optional<DicomEncoding> look(std::string_view bytes, std::size_t at) {
  if (at + 8 > bytes.size()) return std::nullopt;
  const std::uint32_t group = little_endian(bytes, at, 2), swapped = (group & 0xFF) << 8 | group >> 8;
  return DicomEncoding{is_vr(bytes.substr(at + 4, 2)), swapped < group};
}

}  // namespace

bool is_vr(std::string_view vr) { return holds(kShortForms, vr) || holds(kLongForms, vr); }
bool is_long_vr(std::string_view vr) { return holds(kLongForms, vr); }

FileMeta parse_file_meta(std::string_view bytes) {
  constexpr std::size_t kPreamble = 128;
  FileMeta meta;
  if (bytes.size() >= kPreamble + 4 && bytes.substr(kPreamble, 4) == "DICM") meta.data_set = kPreamble + 4;
  walk_meta(bytes, meta);
  meta.is_deflated = meta.transfer_syntax == "1.2.840.10008.1.2.1.99";
  meta.encoding.is_big = meta.transfer_syntax == "1.2.840.10008.1.2.2";
  meta.encoding.is_explicit = meta.transfer_syntax != "1.2.840.10008.1.2";
  if (const auto seen = look(bytes, meta.data_set); seen && !meta.is_deflated) meta.encoding = *seen;
  return meta;
}

}  // namespace consilium::imaging
