#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <string>
#include <vector>

#include "imaging/dicom/write_series.h"

namespace consilium::imaging {

/// Sets an attribute and checks it against its value representation. @throws Error{kUsage} naming the attribute, not the value.
void put(DcmItem& item, const DcmTagKey& tag, const std::string& value);
void put(DcmItem& item, const DcmTagKey& tag, const std::vector<std::string>& words);
/// Numbers as the decimal or integer strings that DICOM wants.
void put_numbers(DcmItem& item, const DcmTagKey& tag, const std::vector<double>& numbers);
void put_unsigned(DcmItem& item, const DcmTagKey& tag, std::size_t value);

/// The nearest number that a decimal string of 16 characters can hold, as text.
std::string to_decimal_string(double value);

/// Patient, Study, Series, Frame of Reference, Equipment and the modality's own modules: all that does not change from slice to
/// slice.
void put_study(DcmItem& item, const StudyTags& study);
void put_series(DcmItem& item, const StudyTags& study, const SeriesTags& series, const Geometry& geometry);

}  // namespace consilium::imaging
