#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <filesystem>
#include <memory>
#include <string>

namespace consilium::imaging {

/// A DICOM file with its pixels, as it is encoded. Only for imaging/deidentify/*.cpp and imaging/pacs/*.cpp.
/// @throws Error{kNotFound}; Error{kCorruptData}; Error{kUnsupported} a directory (DICOMDIR), longer than 8 GiB, or nested too deep.
std::unique_ptr<DcmFileFormat> read_whole_dicom(const std::filesystem::path& file);

/// A file of the data set alone, in `syntax`, or in its own when that is unknown: with an empty preamble and a new meta header.
/// @throws Error{kUnexpected}
std::string encode_dicom(std::unique_ptr<DcmDataset> data_set, E_TransferSyntax syntax = EXS_Unknown);

}  // namespace consilium::imaging
