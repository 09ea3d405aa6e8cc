#include "fl/privacy/adaptive_clip.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace consilium::fl {

void read_adaptive_clip(SettingsReader& reader, AdaptiveClip& s) {
  reader.field("initial", s.initial);
  reader.field("learning_rate", s.learning_rate);
  reader.field("quantile", s.quantile);
  reader.field("count_noise", s.count_noise);
  reader.finish();
  validate(s, reader.path());
}

Json to_json(const AdaptiveClip& s) { return {{"initial", s.initial}, {"learning_rate", s.learning_rate}, {"quantile", s.quantile}, {"count_noise", s.count_noise}}; }

void validate(const AdaptiveClip& s, const std::string& path) {
  require(std::isfinite(s.initial) && s.initial > 0, ErrorCode::kUsage, path + ".initial: expected a number above 0");
  require(s.learning_rate > 0 && s.learning_rate <= 10, ErrorCode::kUsage, path + ".learning_rate: expected above 0 and at most 10");
  require(s.quantile > 0 && s.quantile < 1, ErrorCode::kUsage, path + ".quantile: expected above 0 and below 1");
  require(std::isfinite(s.count_noise) && s.count_noise >= 0, ErrorCode::kUsage, path + ".count_noise: expected a number of at least 0");
}

double count_noise_of(const AdaptiveClip& s, std::int64_t sites) { return s.count_noise > 0 ? s.count_noise : static_cast<double>(sites) / 20; }

double next_clip(double clip, double noisy_count, std::int64_t sites, const AdaptiveClip& s) {
  require(std::isfinite(clip) && clip > 0 && std::isfinite(noisy_count) && sites >= 1, ErrorCode::kUsage, "adaptive clip: expected a clip above 0, a finite count and at least one site");
  const double share = noisy_count / static_cast<double>(sites);
  return clip * std::exp(std::clamp(-s.learning_rate * (share - s.quantile), -1.0, 1.0));
}

double noise_multiplier_beside_count(double z, double count_noise) {
  require(std::isfinite(z) && z > 0 && std::isfinite(count_noise) && count_noise > z / 2, ErrorCode::kUsage,
          fmt::format("adaptive clip: count_noise {} must be above half of the noise multiplier {}, or the bits alone cost more than it allows", count_noise, z));
  return 1 / std::sqrt(1 / (z * z) - 1 / (4 * count_noise * count_noise));
}

}  // namespace consilium::fl
