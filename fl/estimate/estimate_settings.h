#pragma once

#include <cstdint>
#include <string>

#include "fl/estimate/distribution.h"
#include "fl/federation_settings.h"

namespace consilium::fl {

/// How sites are connected. Defaults: what hospitals of the FeTS challenge measured with a checkpoint of 267 MB (docs/simulation.md).
struct LinkProfile {
  double measured_bytes = 267e6;             ///< what the two times below were measured with
  Distribution download_seconds{13, 99, 217};
  Distribution upload_seconds{20, 151, 431};
  double round_trip_ms = 0;                  ///< 0: it is in the measured times
  double loss = 0;                           ///< share of packets; with a round trip it bounds the rate
  double outages_per_day = 0;                ///< per site, at random
  Distribution outage_seconds{30, 120, 360};
};

/// How fast sites work. Defaults as LinkProfile.
struct ComputeProfile {
  Distribution train_seconds_per_patient{1.8, 5.8, 20.7};
  Distribution validate_seconds_per_patient{9.7, 15.3, 40};
  double training_share = 0.8;  ///< of a site's patients; the others validate
  int validations = 2;          ///< per round: of the model that came, and of the model that goes
  double slow_chance = 0;       ///< that a site is slow in a round: its graphics card has other work
  double slow_factor = 3;       ///< of the computing time then
};

/// Sites that die and come back. What was transferred and a finished update are on disk; a training that was cut short is repeated.
struct FailureProfile {
  double deaths_per_day = 0;  ///< per site, at random
  Distribution away_seconds{60, 600, 7200};
};

struct CoordinatorProfile {
  double mbit_per_second = 1000;            ///< of its line, each direction
  double aggregate_bytes_per_second = 5e8;  ///< of updates: what a solid-state disk gives that holds them
};

enum class UpdateKind { kSynthetic, kRecorded };
struct UpdateProfile {
  UpdateKind kind = UpdateKind::kSynthetic;
  std::int64_t weights = 1000;  ///< of the synthetic model; the bytes on the wire are those of `model_bytes`
  double spread = 0.5;          ///< of the sites' optima about the common one, whose weights have deviation 1
  double step = 0.3;            ///< part of the way to its optimum that a site goes in a round
  std::string folder;           ///< recorded: *.safetensors with deltas, dealt to the sites in turn
};

/// A federation to be estimated before anyone installs anything.
struct EstimateSettings {
  std::string title;
  std::int64_t sites = 70;
  Distribution patients{10, 40, 160};  ///< per site
  std::int64_t rounds = 20;
  std::int64_t quorum = 0;             ///< as FederationSettings
  double deadline_seconds = 3600;
  RoundPolicy policy{};
  AggregationSettings aggregation{};
  double model_bytes = 267e6;          ///< of the global model, and of an update, before compression
  double download_compression = 1;     ///< bytes are divided by it
  double upload_compression = 1;
  LinkProfile links{};
  ComputeProfile compute{};
  FailureProfile failures{};
  CoordinatorProfile coordinator{};
  UpdateProfile updates{};
  std::uint64_t seed = 1;
};

/// Sites of a FeTS table; quantities are dealt as from tables of so many rows.
inline constexpr std::size_t kMeasuredSites = 21;

/// JSON keys are the field names. @throws Error{kUsage} naming the key, and the nearest known one. `origin` names the file.
EstimateSettings parse_estimate_settings(const Json& json, const std::string& origin);
Json to_json(const EstimateSettings& settings);
/// @throws Error{kUsage}
void validate(const EstimateSettings& settings, const std::string& origin = "estimate");

/// site_0001, ...: names in the order of their numbers.
std::string virtual_site_name(std::size_t number);
FederationSettings federation_settings(const EstimateSettings& settings);

}  // namespace consilium::fl
