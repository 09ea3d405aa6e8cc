#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <optional>
#include <string>
#include <vector>

#include "imaging/geometry.h"

namespace consilium::imaging {

// Values of single attributes as our own types. Only for imaging/dicom/*.cpp and imaging/deidentify/*.cpp. A value that is absent, empty or not what it should
// be is "", an empty list or nothing; control characters, which a terminal might obey, become '?'. Text is UTF-8.

/// The item's own element; null if it has none. Elements lie in the order of their tags: the search ends where this one would be, which DCMTK's does not.
DcmElement* element_of(DcmItem& item, const DcmTagKey& tag);

/// Without what makes a value's length even, and blanks before and behind it.
std::string unpadded(std::string text);

std::string text_of(DcmItem& item, const DcmTagKey& tag);       ///< several values stay joined by '\'
std::string free_text_of(DcmItem& item, const DcmTagKey& tag);  ///< words of the patient's name and identifiers become "***"
std::string free_text_of(DcmItem& item, const DcmTagKey& tag, DcmItem& data_set);  ///< of an item within the data set that names the patient
std::vector<std::string> words_of(DcmItem& item, const DcmTagKey& tag);                         ///< one per value, trimmed
std::optional<double> number_of(DcmItem& item, const DcmTagKey& tag, unsigned long index = 0);  ///< finite
std::optional<int> integer_of(DcmItem& item, const DcmTagKey& tag);
std::optional<Vec3> vector_of(DcmItem& item, const DcmTagKey& tag, unsigned long first = 0);  ///< three values from `first` on

}  // namespace consilium::imaging
