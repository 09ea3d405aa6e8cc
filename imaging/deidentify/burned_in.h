#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <string>

namespace consilium::imaging {

/// Whether names may be written into the pixels, which this program does not clean.
enum class BurnedIn {
  kNo,         ///< the object says so, or is of a kind that no device writes into
  kSuspected,  ///< the object does not say, and is of a kind that devices write into: screenshots, ultrasound, film
  kYes,        ///< Burned In Annotation (0028,0301) says YES
};

/// Only for imaging/deidentify/*.cpp. Source: DICOM PS3.15 E.3.1; PS3.3 C.7.6.1.1.
BurnedIn burned_in(DcmItem& data_set);

std::string to_string(BurnedIn state);

}  // namespace consilium::imaging
