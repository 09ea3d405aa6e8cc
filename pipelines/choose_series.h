#pragma once

#include <map>
#include <string>
#include <vector>

#include "imaging/dicom/scan.h"

namespace consilium::pipelines {

/// A series picked for a channel, and why.
struct ChosenSeries {
  imaging::Series series;
  std::string evidence;  ///< "series 5 \"t1_fl3d_tra_post_gd\": TR 22, TE 4.9 ms; ContrastBolusAgent is given"
};

struct ChoiceOptions {
  bool may_lack = false;  ///< a channel without a series is left out of the result; nothing is left when there is none at all
};

/// One series for each wanted channel: of those that classify() names so, original before derived images, then the one with most
/// slices, then the finest, then the lowest series number. "MR" takes any MR series, T1 first. Localizers, series without
/// geometry and single volumes of a time series are never chosen. When one examination has every channel, all come from it.
/// @throws Error{kNotFound} naming the case, the channel and what was found instead; Error{kMismatch} images of two patients in
/// one case, or two examinations that each have every channel.
std::map<std::string, ChosenSeries> choose_series(const imaging::Study& study, const std::vector<std::string>& channels,
                                                  const std::string& case_name, const ChoiceOptions& options = {});

/// What a study holds, one clause a series, for messages. No patient data.
std::string describe(const imaging::Study& study);

}  // namespace consilium::pipelines
