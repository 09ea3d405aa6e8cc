#pragma once

#include "base/settings.h"
#include "imaging/dicom/scan.h"

namespace consilium::imaging {

/// What a converted series keeps of its first header, with the keys of BIDS and dcm2niix: times in seconds, ImageType as a list.
///
/// From a fixed list of attributes: no names, identifiers, dates, times of day, institution, station or serial number.
/// `second`, where there is one, is the next volume in time: Siemens' slice times are right from the second volume on when several
/// slices are excited at once. @throws as read_dicom_header.
Json to_sidecar(const Series& series, const Series* second = nullptr);

}  // namespace consilium::imaging
