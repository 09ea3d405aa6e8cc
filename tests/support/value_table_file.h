#pragma once

#include "tests/support/dicom_files.h"

namespace consilium::test {

struct LookUp {
  int first = 0, bits = 16;
  std::vector<Uint16> entries;
  bool is_signed = false;  ///< the pixels, and `first`
  bool is_packed = false;  ///< two entries of 8 bits to a word
};

inline void put_table(DcmItem& item, const DcmTagKey& descriptor, const DcmTagKey& data, const LookUp& table) {
  const Sint16 signed_words[] = {static_cast<Sint16>(table.entries.size()), static_cast<Sint16>(table.first), static_cast<Sint16>(table.bits)};
  const Uint16 words[] = {static_cast<Uint16>(table.entries.size()), static_cast<Uint16>(table.first), static_cast<Uint16>(table.bits)};
  if (table.is_signed) {
    item.putAndInsertSint16Array(descriptor, signed_words, 3);
  } else {
    item.putAndInsertUint16Array(descriptor, words, 3);
  }
  std::vector<Uint16> entries = table.entries;
  if (table.is_packed) {
    entries.clear();
    for (std::size_t n = 0; n < table.entries.size(); n += 2)
      entries.push_back(static_cast<Uint16>(table.entries[n] | (n + 1 < table.entries.size() ? table.entries[n + 1] << 8 : 0)));
  }
  item.putAndInsertUint16Array(data, entries.data(), entries.size());
}

/// 4 x 3 pixels from -4 (signed) or 0 on, in steps of 1.
inline void change(const std::filesystem::path& path, bool is_signed, E_TransferSyntax encoding, const auto& with) {
  DicomImage image;
  for (int n = 0; n < 12; ++n) image.pixels.push_back(static_cast<Uint16>(is_signed ? n - 4 : n));
  write_dicom(path, image);
  DcmFileFormat format;
  require(format.loadFile(path.c_str()).good() && format.loadAllDataIntoMemory().good(), ErrorCode::kUnexpected, "cannot read back");
  format.getDataset()->putAndInsertUint16(DCM_PixelRepresentation, is_signed ? 1 : 0);
  with(*format.getDataset());
  require(format.saveFile(path.c_str(), encoding).good(), ErrorCode::kCannotWrite, "cannot write " + path.string());
}

inline void write_looked_up(const std::filesystem::path& path, const LookUp& table, E_TransferSyntax encoding = EXS_LittleEndianExplicit) {
  change(path, table.is_signed, encoding, [&](DcmDataset& item) {
    DcmItem* sequence = nullptr;
    item.findOrCreateSequenceItem(DCM_ModalityLUTSequence, sequence, 0);
    put_table(*sequence, DCM_LUTDescriptor, DCM_LUTData, table);
    put(*sequence, DCM_ModalityLUTType, "US");
  });
}

/// Green are the entries backwards, blue are the red ones.
inline void write_palette(const std::filesystem::path& path, const LookUp& red) {
  const LookUp green{.first = red.first, .bits = red.bits, .entries = {red.entries.rbegin(), red.entries.rend()}, .is_packed = red.is_packed};
  change(path, false, EXS_LittleEndianExplicit, [&](DcmDataset& item) {
    put(item, DCM_PhotometricInterpretation, "PALETTE COLOR");
    put_table(item, DCM_RedPaletteColorLookupTableDescriptor, DCM_RedPaletteColorLookupTableData, red);
    put_table(item, DCM_GreenPaletteColorLookupTableDescriptor, DCM_GreenPaletteColorLookupTableData, green);
    put_table(item, DCM_BluePaletteColorLookupTableDescriptor, DCM_BluePaletteColorLookupTableData, red);
  });
}

}  // namespace consilium::test
