#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fl/estimate/estimate_settings.h"

namespace consilium::fl {

/// A hospital as far as its costs go.
struct VirtualSite {
  std::string name;
  std::int64_t patients = 0;
  double download_bytes_per_second = 0;  ///< its own link, when nobody else is on the coordinator's line
  double upload_bytes_per_second = 0;
  double train_seconds = 0;              ///< per round
  double validate_seconds = 0;           ///< once over its validation patients

  bool operator==(const VirtualSite&) const = default;
};

/// The settings' sites, sorted by name. Quantities are dealt independently of one another: which of a hospital's figures go together is not published.
std::vector<VirtualSite> draw_sites(const EstimateSettings& settings);

/// Rate that TCP keeps up at a packet loss: 1460 bytes / round trip * sqrt(3/2) / sqrt(loss); infinite without loss or round trip.
/// Source: Mathis et al. 1997, doi:10.1145/263932.264023, equation 3.
double lossy_rate(double round_trip_ms, double loss);

/// Patients that train at a site, at least one.
std::int64_t training_patients(const VirtualSite& site, const ComputeProfile& compute);

/// Seconds of one undisturbed round: model down, computing, update up. What a site needs when nobody else is on the coordinator's line.
double undisturbed_seconds(const VirtualSite& site, const EstimateSettings& settings);

/// Round trips of the protocol around a transfer: announcement and list of chunks before it, receipt after it.
inline constexpr double kRoundTripsPerTransfer = 1.5;

}  // namespace consilium::fl
