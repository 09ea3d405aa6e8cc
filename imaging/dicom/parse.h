#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <filesystem>
#include <memory>
#include <string>

#include "imaging/dicom/file_start.h"
#include "imaging/dicom/header.h"

namespace consilium::imaging {

struct ParsedDicom {
  std::unique_ptr<DcmDataset> data_set;  ///< up to the pixels
  std::string transfer_syntax;           ///< UID; of files that do not say it, the plain one that they are written in
  std::string media_sop_class;           ///< of the meta header
  bool is_deflated = false;
  PixelPlace pixels;
};

/// Parses a file up to Pixel Data. Only for imaging/dicom/*.cpp: DCMTK's types end there.
///
/// DCMTK parses sequences by recursion and takes memory as elements ask for it: what nests deeper than kDeepestNesting or claims
/// more bytes than there are is refused before.
/// @throws Error{kNotFound}; Error{kCorruptData} not DICOM, or damaged; Error{kUnsupported} longer than 8 GiB or nested too deep.
ParsedDicom parse_dicom(const std::filesystem::path& file);
ParsedDicom parse_dicom(const FileStart& start);

/// Beyond it a file means harm: enhanced images nest five deep, structured reports a few dozen.
inline constexpr std::size_t kDeepestNesting = 500;

/// A deflated file as it would be without: the bytes that PixelPlace::offset counts.
/// @throws as parse_dicom; Error{kUnsupported} it inflates to more than eight times its length and 48 MB.
std::string read_inflated(const std::filesystem::path& file);

/// Name of a SOP class, such as "Enhanced MR Image Storage", or the UID itself.
std::string sop_class_name(const std::string& uid);

}  // namespace consilium::imaging
