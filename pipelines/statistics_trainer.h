#pragma once

#include <atomic>
#include <filesystem>

#include "fl/trainer.h"
#include "imaging/label_scheme.h"
#include "pipelines/ingest.h"
#include "pipelines/statistics_task.h"

namespace consilium::pipelines {

/// Whose cases a site counts, and what it lets out.
struct StatisticsSite {
  std::filesystem::path data;
  const imaging::LabelScheme& scheme;
  FilePatterns files;
  std::vector<std::string> regions;   ///< of WT, TC, ET, those that its labels show
  std::int64_t minimum_count = 5;     ///< cases: a site with fewer sends zeros, and so does a bin that fewer of its cases reach. The site's own rule
};

/// A site's part in federated statistics: all of its cases, whatever their split. Reads one case at a time, in both rounds.
class StatisticsTrainer : public fl::Trainer {
 public:
  explicit StatisticsTrainer(StatisticsSite site, const std::atomic<bool>* stop = nullptr) : site_(std::move(site)), stop_(stop) {}

  fl::Validation validate(const fl::RoundPlan&, const ModelState&) override { return {}; }
  /// @throws Error{kUsage} the plan's task is none of statistics; as load_case, naming the case.
  fl::Update train(const fl::RoundPlan& plan, const ModelState& global) override;

 private:
  StatisticsSite site_;
  const std::atomic<bool>* stop_;
};

}  // namespace consilium::pipelines
