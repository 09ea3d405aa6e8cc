#include "imaging/dicom/read_value_tables.h"

#include <optional>

#include "imaging/dicom/items.h"
#include "imaging/dicom/values.h"

namespace consilium::imaging {
namespace {

struct TableTags {
  DcmTagKey descriptor, entries;
  std::string name;
};

/// The second value of the descriptor is signed as the pixels are; implicit files do not tell, and are parsed as unsigned.
std::optional<int> first_value(DcmItem& item, const DcmTagKey& descriptor, bool is_signed) {
  DcmElement* element = element_of(item, descriptor);
  if (element == nullptr) return std::nullopt;
  if (Sint16 value = 0; element->getVR() == EVR_SS) return element->getSint16(value, 1).good() ? std::optional<int>(value) : std::nullopt;
  Uint16 value = 0;
  if (element->getUint16(value, 1).bad()) return std::nullopt;
  return is_signed ? static_cast<int>(static_cast<Sint16>(value)) : static_cast<int>(value);
}

std::optional<int> descriptor_value(DcmItem& item, const DcmTagKey& descriptor, unsigned long index) {
  DcmElement* element = element_of(item, descriptor);
  if (element == nullptr) return std::nullopt;
  Uint16 value = 0;
  if (element->getUint16(value, index).good()) return value;
  if (Sint16 whole = 0; element->getSint16(whole, index).good()) return static_cast<Uint16>(whole);
  return std::nullopt;
}

/// The words of the element; empty when it is absent or of another kind.
std::vector<std::uint16_t> words_in(DcmItem& item, const DcmTagKey& tag) {
  DcmElement* element = element_of(item, tag);
  if (element == nullptr) return {};
  Uint16* words = nullptr;
  Sint16* signed_words = nullptr;
  const std::size_t count = element->getLength() / 2;
  if (element->getUint16Array(words).good() && words != nullptr) return {words, words + count};
  if (element->getSint16Array(signed_words).good() && signed_words != nullptr) return {signed_words, signed_words + count};
  return {};
}

/// Returns what is wrong with it; "" when nothing is.
std::string read_table(DcmItem& item, const TableTags& tags, bool is_signed, ValueTable& table) {
  const auto count = descriptor_value(item, tags.descriptor, 0), bits = descriptor_value(item, tags.descriptor, 2);
  const auto first = first_value(item, tags.descriptor, is_signed);
  if (!count || !first || !bits) return tags.name + " has no descriptor of three numbers";
  if (*bits < 1 || *bits > 16) return tags.name + " has entries of " + std::to_string(*bits) + " bits; up to 16 are read";
  const std::size_t entries = *count == 0 ? 65536 : static_cast<std::size_t>(*count);  // 16 bits cannot say it
  std::vector<std::uint16_t> words = words_in(item, tags.entries);
  if (*bits <= 8 && words.size() < entries && words.size() == (entries + 1) / 2) {
    std::vector<std::uint16_t> bytes;
    for (const std::uint16_t word : words) bytes.push_back(word & 0xFF), bytes.push_back(word >> 8);
    words = std::move(bytes);
  }
  if (words.size() < entries) return tags.name + " holds " + std::to_string(words.size()) + " of " + std::to_string(entries) + " entries";
  words.resize(entries);
  table = {*first, *bits, std::move(words)};
  return "";
}

void read_palette(DcmItem& data_set, bool is_signed, ValueTables& tables) {
  static const TableTags kColours[] = {
      {DCM_RedPaletteColorLookupTableDescriptor, DCM_RedPaletteColorLookupTableData, "the red palette (0028,1201)"},
      {DCM_GreenPaletteColorLookupTableDescriptor, DCM_GreenPaletteColorLookupTableData, "the green palette (0028,1202)"},
      {DCM_BluePaletteColorLookupTableDescriptor, DCM_BluePaletteColorLookupTableData, "the blue palette (0028,1203)"}};
  if (data_set.tagExists(DCM_SegmentedRedPaletteColorLookupTableData)) {
    tables.problem = "a segmented palette (0028,1221) is not read";
    return;
  }
  Palette palette;
  for (std::size_t c = 0; c < palette.size() && tables.problem.empty(); ++c) tables.problem = read_table(data_set, kColours[c], is_signed, palette[c]);
  if (tables.problem.empty()) tables.palette = std::make_shared<const Palette>(std::move(palette));
}

}  // namespace

ValueTables read_value_tables(DcmItem& data_set, const DicomHeader& h) {
  ValueTables tables;
  if (h.photometric == "PALETTE COLOR") {
    read_palette(data_set, h.is_signed, tables);
  } else if (DcmItem* item = first_item_of(&data_set, DCM_ModalityLUTSequence)) {
    ValueTable table;
    tables.problem = read_table(*item, {DCM_LUTDescriptor, DCM_LUTData, "the Modality LUT (0028,3000)"}, h.is_signed, table);
    if (tables.problem.empty()) tables.modality = std::make_shared<const ValueTable>(std::move(table));
  }
  return tables;
}

}  // namespace consilium::imaging
