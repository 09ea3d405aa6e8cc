#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <map>
#include <string>

#include "imaging/deidentify/options.h"
#include "imaging/deidentify/pseudonyms.h"

namespace consilium::imaging {

/// How often something was done to an attribute, by a word: "removed", "emptied", "replaced", "uids mapped", "dates moved",
/// "texts cleaned", "private removed", "private kept", "unknown removed", "identity found elsewhere".
using ProtectionCounts = std::map<std::string, std::size_t>;

/// Applies the profile to a data set and to everything nested in it, and sets (0012,0062), (0012,0063), (0012,0064) and (0028,0303).
/// Patient's Name and Patient ID become a pseudonym, which Z allows.
///
/// Besides the table: private attributes go (or stay as is_safe_private says), whole overlay groups go with their bits in the
/// pixels, attributes that no dictionary knows go, dates and names that the table forgot go, UIDs that are no class are mapped,
/// and words of the identity are taken out of every text that stays. Only for imaging/deidentify/*.cpp.
/// @throws Error{kCorruptData} no SOP Class or SOP Instance UID.
/// Source: DICOM PS3.15 E.1.1, E.2 and E.3.
ProtectionCounts protect(DcmDataset& data_set, const Pseudonyms& pseudonyms, const DeidentifyOptions& options);

}  // namespace consilium::imaging
