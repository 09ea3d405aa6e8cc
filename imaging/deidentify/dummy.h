#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

namespace consilium::imaging {

/// Gives an element a value that says nothing, of its own value representation: "REMOVED", 1 January 1900, 0. Sequences are not
/// touched. Only for imaging/deidentify/*.cpp.
/// @throws Error{kUnexpected}
void make_dummy(DcmElement& element);

}  // namespace consilium::imaging
