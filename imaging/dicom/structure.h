#pragma once

#include <cstddef>
#include <string_view>

#include "imaging/dicom/file_meta.h"

namespace consilium::imaging {

/// What parsing a data set would cost.
struct DicomStructure {
  std::size_t nesting = 0;  ///< sequences within sequences: never less than what a parser will meet
  bool overruns = false;    ///< an element before the pixels claims more bytes than the file has
};

/// Walks the elements up to Pixel Data without recursion and without memory.
///
/// `bytes` may be the beginning of a data set of `length` bytes. Where the walk loses its way, and in values that some parsers
/// open (UN, implicit), every item tag (FFFE,E000) counts as one level, so that no file can hide its depth.
/// Source: DICOM PS3.5 section 7.1 (elements) and 7.5 (sequences).
DicomStructure survey(std::string_view bytes, std::size_t length, DicomEncoding encoding);

}  // namespace consilium::imaging
