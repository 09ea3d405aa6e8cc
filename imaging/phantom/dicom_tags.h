#pragma once

#include <string>

#include "base/rng.h"
#include "imaging/dicom/write_series.h"
#include "imaging/phantom/site_profile.h"

namespace consilium::imaging {

/// Who is examined, and where. `case_name` names the patient and, with `seed` and the voxel size, every UID; age follows atrophy;
/// sex and weight are drawn.
StudyTags describe_study(const SiteProfile& site, const std::string& case_name, int patient_number, std::uint64_t seed,
                         double atrophy, Rng rng);

/// One series in the words of the site's scanner: image type, sequence name, storage and slice order as Siemens, GE and Philips
/// have them each; any other maker's are plain. Source: DICOM conformance statements of the three makers, and the headers of
/// their scanners' images.
SeriesTags describe_series(const SiteProfile& site, const ProtocolItem& item, const Acquisition& acquisition, int number);

}  // namespace consilium::imaging
