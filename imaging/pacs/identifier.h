#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <memory>

#include "imaging/pacs/query.h"

namespace consilium::imaging {

/// The data set of a query or retrieval. Only for imaging/pacs/*.cpp.
/// @throws Error{kUsage} an unknown keyword, or a value that DICOM does not allow.
std::unique_ptr<DcmDataset> identifier_of(const PacsQuery& query);

/// Adds attributes without value: the peer fills them in.
void ask_for_usual_attributes(DcmDataset& identifier, QueryLevel level);

}  // namespace consilium::imaging
