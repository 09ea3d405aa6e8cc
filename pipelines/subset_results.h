#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/settings.h"

namespace consilium::pipelines {

/// How well a model does on one case of which it gets some modalities only.
struct SubsetResult {
  std::string site;
  std::string name;   ///< of the case
  std::string model;
  int fold = 0;
  std::vector<std::string> channels;   ///< that it was given
  std::map<std::string, double> dice;  ///< by region
};

Json to_json(const std::vector<SubsetResult>& results);
/// @throws Error{kUsage} naming `origin` and the key.
std::vector<SubsetResult> parse_subset_results(const Json& json, const std::string& origin);

/// "CT + PET"
std::string subset_name(const std::vector<std::string>& channels);
/// The subsets that occur, fewest channels first and in the order of their first cases.
std::vector<std::vector<std::string>> subsets_in(const std::vector<SubsetResult>& results);

/// Mean over cases of the mean over regions, of one model on one subset; `site` empty: over all sites.
struct SubsetMean {
  double dice = 0;  ///< NaN without cases
  std::size_t cases = 0;
};
SubsetMean subset_mean(const std::vector<SubsetResult>& results, const std::string& model, const std::string& site, const std::vector<std::string>& channels);

}  // namespace consilium::pipelines
