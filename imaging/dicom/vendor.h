#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <string_view>

#include "imaging/dicom/header.h"

namespace consilium::imaging {

/// Whether the Manufacturer (0008,0070) has `name` in it, which is in small letters.
bool is_from(const DicomHeader& h, std::string_view name);

/// Philips MR stores three scales; the private one gives values that can be compared between series:
///   value = (stored * RS + RI) / (RS * SS), RS and RI from (0028,1053) and (0028,1052), SS from (2005,100E).
/// Sets slope, intercept and philips_scale of `h`, whose slope and intercept are RS and RI; nothing where SS is absent.
/// Source: Chenevert et al. 2014, Errors in quantitative image analysis due to platform-dependent image scaling,
/// doi:10.1593/tlo.13811.
void apply_philips_scale(DcmItem& item, DicomHeader& h);

/// Diffusion weighting: DICOM's own attributes, else those of Siemens, Philips, United Imaging and GE. Canon V6.0 gives
/// directions in a comment, in a frame that depends on what it does not tell: they stay unknown.
/// Source: DICOM PS3.3 C.8.13.5.9; the vendors' conformance statements.
void read_diffusion(DcmItem& item, DicomHeader& h);

/// b and direction where they are ones; some Philips files hold 7.23e75.
void set_diffusion(DicomHeader& h, std::optional<double> b_value, const std::optional<Vec3>& gradient);

}  // namespace consilium::imaging
