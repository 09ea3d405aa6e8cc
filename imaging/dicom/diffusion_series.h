#pragma once

#include <string>
#include <vector>

#include "imaging/dicom/header.h"

namespace consilium::imaging {

/// What only the images of a series together tell of its diffusion weighting:
/// - Toshiba and Canon give no b-value where it is 0.
/// - A mean over the directions (isotropic, b > 0) is no measurement among those it was made of: `content` sets it apart. Where no image has a direction, it is the
///   diffusion image itself.
/// Source: DICOM PS3.3 C.8.13.5.9 (Diffusion Directionality); Toshiba, DICOM conformance statement for MR.
void complete_diffusion(std::vector<DicomHeader>& images);

/// Puts the images of every place into the order of diffusion weightings (b-value and direction) that the place of the lowest Instance Number has, so that image k of all
/// places makes one volume: Instance Numbers do not always run alike at all places (seen in exports of Philips). Nothing is moved where an image lacks a b-value or all places
/// agree. Places hold equally many images, each in the order of time, and images of one weighting stay in that order.
/// Returns why the places do not make volumes: their weightings differ; else nothing.
std::string order_by_weighting(std::vector<std::vector<DicomHeader>>& places);

}  // namespace consilium::imaging
