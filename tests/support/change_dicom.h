#pragma once

#include <functional>

#include "tests/support/dicom_files.h"

namespace consilium::test {

/// Reads a DICOM file, lets `change` at it and writes it again: for attributes that are no text, private ones and sequences.
inline void change_dicom(const std::filesystem::path& file, const std::function<void(DcmItem&)>& change) {
  DcmFileFormat format;
  require(format.loadFile(file.c_str()).good(), ErrorCode::kNotFound, "cannot read " + file.string());
  change(*format.getDataset());
  require(format.saveFile(file.c_str(), EXS_LittleEndianExplicit).good(), ErrorCode::kCannotWrite, "cannot write " + file.string());
}

}  // namespace consilium::test
