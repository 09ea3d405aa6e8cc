#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "imaging/dicom/scan.h"
#include "imaging/label_map.h"
#include "imaging/label_scheme.h"
#include "pipelines/choose_series.h"

namespace consilium::pipelines {

/// Labels that come as DICOM: contours (RTSTRUCT) or a segmentation (SEG) of one of the case's images.
struct DicomLabels {
  LabelMap labels;       ///< internal numbers, on the grid of the outlined series
  std::string channel;   ///< whose series was outlined
  std::string evidence;  ///< "contours of CT (series 3)"
};

struct DicomLabelOptions {
  std::string outlined{};  ///< pattern (`*`, `?`) of the names of the regions that are meant; empty: see below
};

/// The structure set or segmentation that belongs to the first of `channels` that has one; nothing where none belongs to a chosen series.
///
/// Without a pattern the regions are, in a binary scheme, those named as a tumour (GTV, tumour, lesion, mass, or the only one there is); in others those
/// that are one of the scheme's tissues or regions.
/// @throws Error{kMismatch} naming the case: two files outline the same series, or no region is meant, or what reading and composing them throws.
std::optional<DicomLabels> dicom_labels(const imaging::Study& study, const std::map<std::string, ChosenSeries>& chosen, const std::vector<std::string>& channels,
                                        const imaging::LabelScheme& scheme, const std::string& case_name, const DicomLabelOptions& options = {});

}  // namespace consilium::pipelines
