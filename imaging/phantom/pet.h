#pragma once

#include "imaging/phantom/head.h"
#include "imaging/volume.h"

namespace consilium::imaging {

/// FDG uptake, body-weight SUV in g/ml: grey matter high, white matter a third of it, necrosis and oedema low, enhancing tumour high.
/// Source: mean values of the ranges in Berti et al., doi:10.1016/j.cpet.2010.02.004 (grey to white about 3 to 1).
double fdg_suv(Tissue tissue, int condition);

/// Gaussian blur of an image by a scanner's point spread function, edges clamped; `fwhm_mm` >= 0 (0: unchanged).
Volume blur_gaussian(const Volume& volume, double fwhm_mm);

}  // namespace consilium::imaging
