#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace consilium::imaging {

/// Values of a field of Siemens' CSA header (0029,xx10 and 0029,xx20), trimmed, without empty ones; none when it is not there or
/// the header is damaged.
///
/// Layout (little endian): "SV10" and four bytes, where the second version is used; the number of fields and 77; each field: a
/// name of 64 bytes, multiplicity, VR of four bytes, type, number of items, 77; each item: four numbers of which the second is
/// the length, then the bytes, filled up to a multiple of four.
/// Source: the description of the format in the NiBabel documentation, "Siemens format DICOM with CSA header".
std::vector<std::string> csa_values(std::string_view header, std::string_view field);

}  // namespace consilium::imaging
