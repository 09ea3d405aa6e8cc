#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "imaging/deidentify/options.h"
#include "imaging/deidentify/pseudonyms.h"

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

/// De-identifies a DICOM file by the Basic Application Level Confidentiality Profile and the options.
/// @throws Error{kNotFound}, Error{kCorruptData}, Error{kUnsupported}; messages hold no path and no value.
/// Source: DICOM PS3.15 2024b, Annex E.
DeidentifiedFile deidentify_file(const std::filesystem::path& file, const Pseudonyms& pseudonyms, const DeidentifyOptions& options = {});

}  // namespace consilium::imaging
