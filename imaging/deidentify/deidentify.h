#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "imaging/deidentify/options.h"
#include "imaging/deidentify/pseudonyms.h"
#include "imaging/dicom/header.h"
#include "imaging/ops/find_face.h"

namespace consilium::imaging {

/// A file without identity, and what was done to it; nothing in here names anybody.
struct DeidentifiedFile {
  std::string bytes;           ///< the file, in the transfer syntax of the original
  std::string patient;         ///< pseudonym
  std::string study_uid, series_uid, instance_uid;  ///< new ones (or the old, if they are retained)
  std::string sop_class_uid, modality;
  std::string burned_in;       ///< "yes", "suspected" or "no": pixels are not looked at
  std::map<std::string, std::size_t> counts;  ///< as ProtectionCounts
};

/// What is removed of the pixels of one file: of every frame what lies before the plane of its slice.
struct FaceToRemove {
  std::vector<DicomHeader> slices;
  std::vector<FacePlane> planes;  ///< one per slice
};

/// De-identifies a DICOM file by the Basic Application Level Confidentiality Profile and the options.
/// @throws Error{kNotFound}, Error{kCorruptData}, Error{kUnsupported}; messages hold no path and no value.
/// Source: DICOM PS3.15 2024b, Annex E.
///
/// With a face, the pixels are changed (air in its place, written uncompressed), and the file says so: code 113102, Recognizable
/// Visual Features (0028,0302) NO.
DeidentifiedFile deidentify_file(const std::filesystem::path& file, const Pseudonyms& pseudonyms, DeidentifyOptions options = {}, const FaceToRemove* face = nullptr);

}  // namespace consilium::imaging
