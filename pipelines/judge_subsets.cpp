#include "pipelines/judge_subsets.h"

#include <algorithm>
#include <map>

#include "base/files.h"
#include "imaging/metrics/overlap.h"
#include "pipelines/subset_results.h"

namespace consilium::pipelines {
namespace {

std::map<std::string, double> dice_of(const LabelMap& predicted, const PreparedCase& prepared, Target target) {
  const auto names = region_names(target);
  const auto& regions = scheme_of(target).regions;
  std::map<std::string, double> dice;
  for (std::size_t r = 0; r < regions.size(); ++r)
    if (std::find(prepared.judged.begin(), prepared.judged.end(), names[r]) != prepared.judged.end())
      dice[names[r]] = *imaging::dice(imaging::region_mask(predicted, regions[r]), imaging::region_mask(*prepared.reference, regions[r]));
  return dice;
}

}  // namespace

std::vector<SubsetResult> judge_subsets(const SubsetRequest& request, const TrainingSettings& settings, const std::filesystem::path& file, const PredictFrom& predict) {
  if (fs::exists(file)) return parse_subset_results(read_json(file), file.string());
  std::vector<SubsetResult> results;
  for (const PreparedCase* c : request.cases) {
    std::map<ChannelSet, std::map<std::string, double>> known;
    for (const ChannelSet& subset : modality_subsets(settings)) {
      const ChannelSet given = common(subset, request.known);
      if (!has_channels(*c, subset) || is_empty(given)) continue;
      if (!known.contains(given)) known[given] = dice_of(predict(*c, given), *c, settings.target);
      results.push_back({request.site, c->name, request.model, request.fold, names_of(subset, settings), known[given]});
    }
  }
  write_file(file, to_json(results).dump() + "\n");
  return results;
}

}  // namespace consilium::pipelines
