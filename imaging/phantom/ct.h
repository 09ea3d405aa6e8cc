#pragma once

#include "imaging/phantom/head.h"

namespace consilium::imaging {

/// CT number in HU at 120 kV; `dose` of iodine contrast, 0 (none) to 1 (usual).
/// Source: ICRU report 44 densities and compositions, and the usual clinical ranges (skull 700..1200, grey 37, white 30, CSF 8, fat -90).
double ct_number_hu(Tissue tissue, int condition, double dose);

}  // namespace consilium::imaging
