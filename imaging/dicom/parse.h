#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <filesystem>
#include <memory>

namespace consilium::imaging {

enum class DicomPart { kHeader, kAll };

struct ParsedDicom {
  std::unique_ptr<DcmFileFormat> format;
  bool has_pixels = false;  ///< something follows the header
  /// Of a file that was not parsed, because it has more than kMostItems sequence items; "?" when unknown.
  std::string crowded_sop_class = {};

  DcmDataset& dataset() const { return *format->getDataset(); }
};

/// Parses a file: the header alone (up to Pixel Data), or everything. Only for imaging/dicom/*.cpp: DCMTK's types end there.
///
/// DCMTK parses sequences by recursion and takes memory as headers ask for it: it is given bytes that were counted before, so
/// that a hostile file costs neither the stack nor more memory than 1032 times its own length (zlib's limit, for the deflated
/// encoding).
/// @throws Error{kNotFound}; Error{kCorruptData} not DICOM, or damaged; Error{kUnsupported} longer than 2 GiB.
ParsedDicom parse_dicom(const std::filesystem::path& file, DicomPart part);

/// Each level of nesting needs an item; classic images have a few dozen items.
inline constexpr std::size_t kMostItems = 500;

/// Name of a SOP class, such as "Enhanced MR Image Storage", or the UID itself.
std::string sop_class_name(const std::string& uid);

}  // namespace consilium::imaging
