#include "fl/estimate/virtual_site.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace consilium::fl {

std::vector<VirtualSite> draw_sites(const EstimateSettings& s) {
  const auto count = static_cast<std::size_t>(s.sites);
  const Rng rng = Rng(s.seed).fork("sites");
  const auto column = [&](const char* what, const Distribution& distribution) { return deal(distribution, count, kMeasuredSites, rng.fork(what)); };
  const auto patients = column("patients", s.patients), down = column("download", s.links.download_seconds), up = column("upload", s.links.upload_seconds);
  const auto train = column("train", s.compute.train_seconds_per_patient), validate = column("validate", s.compute.validate_seconds_per_patient);
  const double bound = lossy_rate(s.links.round_trip_ms, s.links.loss);
  std::vector<VirtualSite> sites;
  for (std::size_t n = 0; n < count; ++n) {
    VirtualSite site{virtual_site_name(n + 1), std::llround(patients[n]), 0, 0, 0, 0};
    const auto number = static_cast<double>(site.patients);
    site.download_bytes_per_second = std::min(bound, s.links.measured_bytes / down[n]);
    site.upload_bytes_per_second = std::min(bound, s.links.measured_bytes / up[n]);
    site.train_seconds = number * s.compute.training_share * train[n];
    site.validate_seconds = number * (1 - s.compute.training_share) * validate[n];
    sites.push_back(site);
  }
  return sites;
}

double lossy_rate(double round_trip_ms, double loss) {
  if (round_trip_ms <= 0 || loss <= 0) return std::numeric_limits<double>::infinity();
  return 1460 / (round_trip_ms * 1e-3) * std::sqrt(1.5 / loss);
}

std::int64_t training_patients(const VirtualSite& site, const ComputeProfile& compute) {
  return std::max<std::int64_t>(1, std::llround(static_cast<double>(site.patients) * compute.training_share));
}

double undisturbed_seconds(const VirtualSite& site, const EstimateSettings& s) {
  const double down = s.model_bytes / s.download_compression / site.download_bytes_per_second, up = s.model_bytes / s.upload_compression / site.upload_bytes_per_second;
  return 2 * kRoundTripsPerTransfer * s.links.round_trip_ms * 1e-3 + down + site.train_seconds + s.compute.validations * site.validate_seconds + up;
}

}  // namespace consilium::fl
