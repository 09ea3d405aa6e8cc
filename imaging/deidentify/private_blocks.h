#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include "imaging/deidentify/identity.h"

namespace consilium::imaging {

struct PrivateCounts {
  std::size_t removed = 0, kept = 0;
};

/// Removes the private attributes of one level with their creators; with `keep_safe`, all but those that is_safe_private lists and
/// whose text names nobody, and the creators these need. Only for imaging/deidentify/*.cpp.
PrivateCounts protect_private(DcmItem& item, bool keep_safe, const Identity& identity);

}  // namespace consilium::imaging
