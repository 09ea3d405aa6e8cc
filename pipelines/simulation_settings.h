#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fl/aggregate/aggregation.h"
#include "fl/compress/compression.h"
#include "fl/peers/peer_settings.h"
#include "fl/protection_settings.h"
#include "fl/round_policy.h"
#include "pipelines/annotation.h"
#include "pipelines/ingest.h"
#include "pipelines/statistics_task.h"
#include "pipelines/training_settings.h"

namespace consilium::pipelines {

struct SimulatedSite {
  std::string name;
  std::string folder;            ///< below `data`; empty: the name
  std::string description;       ///< for the report
  std::string scheme = "brats2023";
  FilePatterns files;            ///< where the site's file names are its own
  std::vector<std::string> annotated;  ///< what its labels show, as SiteLabels; empty: everything
  std::map<std::string, std::string> strata;  ///< what the report groups sites by, such as {"scanner": "1.5 T"}
  std::vector<std::string> channels;  ///< that its training and validation cases have, whatever lies in the folder: the machines that it owns; empty: all. Test cases keep all that they have
  bool judged_in_full = false;   ///< its test cases have complete labels and are judged by them
};

/// A comparison of single-site, pooled and federated models on one machine.
struct SimulationSettings {
  std::string title;
  std::string data;                ///< folder of the sites; --data overrides it
  std::string start;               ///< model file that every training begins with, as starting_model; --start overrides it
  std::vector<SimulatedSite> sites;
  std::vector<std::string> models{"single", "pooled", "federated"};  ///< kinds to train and compare
  TrainingSettings training;
  std::int64_t quorum = 0;         ///< as FederationSettings
  double deadline_seconds = 3600;
  fl::Topology topology = fl::Topology::kCoordinator;  ///< of the federated model; the others have peers and no coordinator
  fl::RoundPolicy policy{};
  fl::AggregationSettings aggregation{};
  std::optional<StatisticsTask> statistics;  ///< what the sites count before anything is trained
  std::int64_t minimum_count = 5;  ///< of every site in these statistics, as JoinSettings
  fl::CompressionSettings compression{};
  fl::ProtectionSettings protection{};
  bool subsets = false;            ///< judges every model on every non-empty subset of the modalities too
  int folds = 0;                   ///< 0: cases in "test" folders judge; else k-fold cross-validation within every site
  std::string picture_channel;     ///< shown under the overlays; empty: the last channel
  std::vector<std::string> notes;  ///< printed in the report
};

SiteLabels labels_of(const SimulatedSite& site);

/// @throws Error{kUsage} naming the key, and the nearest known one. `origin` names the file.
SimulationSettings parse_simulation_settings(const Json& json, const std::string& origin);
Json to_json(const SimulationSettings& settings);

}  // namespace consilium::pipelines
