#pragma once

#include <string>
#include <vector>

#include "imaging/dicom/scan.h"

namespace consilium::imaging {

/// What a series shows, and the tags it was decided on.
struct SeriesClass {
  std::string channel;                ///< "T1", "T1ce", "T2", "FLAIR", "CT", "PET"; empty: none of these, or not to be told
  std::vector<std::string> evidence;  ///< "InversionTime 2500 ms", "ContrastBolusAgent", ...: never values that name a patient
};

/// Physics first (inversion, repetition and echo time), then words of the description; the contrast agent's tag, then words, tell
/// T1 from T1ce. Source: thresholds from the usual ranges of clinical protocols (Bernstein, King, Zhou: Handbook of MRI Pulse
/// Sequences, chapters 14 and 15).
SeriesClass classify(const Series& series);

}  // namespace consilium::imaging
