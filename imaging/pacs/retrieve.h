#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "imaging/pacs/query.h"

namespace consilium::imaging {

struct Retrieved {
  std::size_t stored = 0;  ///< new files (C-GET), or objects that reached the destination (C-MOVE)
  std::size_t known = 0;   ///< objects that were there already (C-GET)
  std::size_t failed = 0;
  std::string problem;     ///< why, of the last that failed; empty when all went well
};

struct GetOptions {
  std::uint64_t least_free_bytes = 1ULL << 30;  ///< with less free, objects are refused (0xA700) before the disk is full
};

/// C-GET of what matches unique keys (StudyInstanceUID, ...) into a folder: STUDY/SERIES/INSTANCE.dcm. Nothing is replaced. The
/// peer may have to decompress: plain encodings only are asked for.
/// @throws Error{kUsage} no UID among the keys; Error{kUnreachable}; Error{kRefused}; Error{kCannotWrite}
/// Source: DICOM PS3.4 C.4.3.
Retrieved get(const PacsPeer& peer, const PacsQuery& what, const std::filesystem::path& folder, const GetOptions& options = {});

/// C-MOVE: lets the peer send what matches to another application entity, which it must know by its title.
/// @throws as get
/// Source: DICOM PS3.4 C.4.2.
Retrieved move(const PacsPeer& peer, const PacsQuery& what, const std::string& destination);

}  // namespace consilium::imaging
