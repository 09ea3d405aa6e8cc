#include "pipelines/subset_results.h"

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace consilium::pipelines {

Json to_json(const std::vector<SubsetResult>& results) {
  Json json = Json::array();
  for (const SubsetResult& r : results) json.push_back({{"site", r.site}, {"case", r.name}, {"model", r.model}, {"fold", r.fold}, {"channels", r.channels}, {"dice", r.dice}});
  return json;
}

std::vector<SubsetResult> parse_subset_results(const Json& json, const std::string& origin) {
  require(json.is_array(), ErrorCode::kUsage, origin + ": expected a list of subsets");
  std::vector<SubsetResult> results;
  for (const Json& item : json) {
    SettingsReader reader(item, origin + "[" + std::to_string(results.size()) + "]");
    SubsetResult r;
    reader.required("site", r.site);
    reader.required("case", r.name);
    reader.required("model", r.model);
    reader.field("fold", r.fold);
    reader.required("channels", r.channels);
    reader.required("dice", r.dice);
    reader.finish();
    results.push_back(std::move(r));
  }
  return results;
}

std::string subset_name(const std::vector<std::string>& channels) {
  std::string name;
  for (const std::string& channel : channels) name += (name.empty() ? "" : " + ") + channel;
  return name;
}

std::vector<std::vector<std::string>> subsets_in(const std::vector<SubsetResult>& results) {
  std::vector<std::vector<std::string>> subsets;
  for (const SubsetResult& r : results)
    if (std::find(subsets.begin(), subsets.end(), r.channels) == subsets.end()) subsets.push_back(r.channels);
  std::stable_sort(subsets.begin(), subsets.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
  return subsets;
}

SubsetMean subset_mean(const std::vector<SubsetResult>& results, const std::string& model, const std::string& site, const std::vector<std::string>& channels) {
  SubsetMean mean;
  for (const SubsetResult& r : results) {
    if (r.model != model || (!site.empty() && r.site != site) || r.channels != channels || r.dice.empty()) continue;
    double sum = 0;
    for (const auto& [region, dice] : r.dice) sum += dice;
    mean.dice += sum / static_cast<double>(r.dice.size());
    ++mean.cases;
  }
  mean.dice = mean.cases == 0 ? std::numeric_limits<double>::quiet_NaN() : mean.dice / static_cast<double>(mean.cases);
  return mean;
}

}  // namespace consilium::pipelines
