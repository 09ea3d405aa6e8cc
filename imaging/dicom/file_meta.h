#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace consilium::imaging {

/// How the elements of a data set are written.
struct DicomEncoding {
  bool is_explicit = true;  ///< value representations are there
  bool is_big = false;      ///< big endian
};

/// What comes before the data set of a DICOM file, if anything does.
struct FileMeta {
  std::string transfer_syntax;  ///< (0002,0010); empty when not said
  std::string sop_class_uid;    ///< (0002,0002); of a directory it stands nowhere else
  std::size_t data_set = 0;     ///< where the data set begins
  bool is_deflated = false;     ///< then `encoding` is what it inflates to
  DicomEncoding encoding;
};

/// Reads preamble and meta header; either may be missing, and so may group length and transfer syntax.
///
/// The encoding is the one that the first element of the data set shows, where that contradicts the transfer syntax: some
/// archives wrote it wrong. Source: DICOM PS3.10 section 7.1; PS3.5 section 7.1 and annex A.
FileMeta parse_file_meta(std::string_view bytes);

/// Two characters that are a value representation.
bool is_vr(std::string_view vr);
/// Whether its length has four bytes, after two that are reserved. Source: DICOM PS3.5 table 7.1-1.
bool is_long_vr(std::string_view vr);

}  // namespace consilium::imaging
