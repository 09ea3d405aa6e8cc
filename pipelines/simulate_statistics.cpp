#include "pipelines/simulate_statistics.h"

#include <memory>

#include "base/error.h"
#include "fl/run_in_process.h"
#include "pipelines/annotation.h"
#include "pipelines/statistics_result.h"
#include "pipelines/statistics_trainer.h"

namespace consilium::pipelines {

Json simulate_statistics(const SimulationSettings& settings, const std::filesystem::path& data, const std::filesystem::path& folder, const std::atomic<bool>* stop) {
  require(settings.statistics.has_value(), ErrorCode::kUsage, "the settings ask for no statistics");
  const StatisticsTask& task = *settings.statistics;
  fl::FederationSettings federation;
  federation.rounds = kStatisticsRounds;
  federation.task = to_plan(task).dump();
  std::vector<std::unique_ptr<StatisticsTrainer>> trainers;
  std::vector<std::pair<std::string, fl::Trainer*>> sites;
  for (const SimulatedSite& site : settings.sites) {
    const SiteLabels labels = labels_of(site);
    trainers.push_back(std::make_unique<StatisticsTrainer>(StatisticsSite{data / site.folder, labels.scheme, site.files, tumour_regions(labels), settings.minimum_count}, stop));
    sites.emplace_back(site.name, trainers.back().get());
    federation.sites.push_back(site.name);
  }
  const fl::RunState state = fl::run_in_process(federation, statistics_start(task), sites, folder).state;
  return statistics_result(task, state.global, state.reports);
}

}  // namespace consilium::pipelines
