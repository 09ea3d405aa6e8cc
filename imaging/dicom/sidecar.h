#pragma once

#include "base/settings.h"
#include "imaging/dicom/scan.h"

namespace consilium::imaging {

/// What a converted series keeps of its first header, with the keys of BIDS and dcm2niix: times in seconds, ImageType as a list.
///
/// From a fixed list of attributes: no names, identifiers, dates, times of day, institution, station or serial number.
/// @throws as read_dicom_header.
Json to_sidecar(const Series& series);

}  // namespace consilium::imaging
