#include "fl/privacy/client_privacy.h"

#include <fmt/format.h>

#include <cmath>

#include "fl/privacy/accountant.h"
#include "fl/privacy/discrete_gaussian.h"
#include "fl/privacy/skellam.h"

namespace consilium::fl {
namespace {

const std::vector<std::pair<std::string, ClientNoise>> kNoiseWords{{"central", ClientNoise::kCentral}, {"skellam", ClientNoise::kSkellam}, {"discrete_gaussian", ClientNoise::kDiscreteGaussian}};

std::string word_of(ClientNoise noise) {
  for (const auto& [word, value] : kNoiseWords)
    if (value == noise) return word;
  return "";
}

DistributedNoise as_distributed(const ClientPrivacy& p, double noise_multiplier, std::int64_t rounds, const ShareGrid& grid) {
  // Rounding to nearest is within half a step of each number, so within sqrt(d) / 2 steps in all: the bound without retries holds.
  return {.kind = p.noise == ClientNoise::kSkellam ? NoiseKind::kSkellam : NoiseKind::kDiscreteGaussian, .sites = grid.sites - p.colluding, .dimensions = grid.dimensions, .clip = p.clip,
          .noise_multiplier = noise_multiplier, .scale = grid.scale, .beta = 0, .rounds = rounds};
}

}  // namespace

void read_client_privacy(SettingsReader& reader, ClientPrivacy& p) {
  reader.field("clip", p.clip);
  reader.field("noise_multiplier", p.noise_multiplier);
  reader.field("epsilon", p.epsilon);
  reader.field("delta", p.delta);
  reader.choice("noise", p.noise, kNoiseWords);
  reader.field("colluding", p.colluding);
  if (reader.has("adaptive")) p.adaptive.emplace();
  reader.object("adaptive", [&](SettingsReader& adaptive) { read_adaptive_clip(adaptive, *p.adaptive); });
  if (Json seed; reader.has("seed")) {
    reader.raw("seed", seed);
    if (!seed.is_null()) p.seed = json_value<std::uint64_t>(seed, reader.path() + ".seed");
  }
  reader.field("least_signal_to_noise", p.least_signal_to_noise);
  reader.finish();
  const auto check = [&](bool good, const char* key, const char* expected) { require(good, ErrorCode::kUsage, reader.path() + "." + key + ": expected " + expected); };
  check(std::isfinite(p.clip) && p.clip > 0, "clip", "a number above 0");
  check(p.noise_multiplier == 0 || (p.noise_multiplier >= 0.01 && p.noise_multiplier <= 1e6), "noise_multiplier", "0, or 0.01 to 1e6");
  check(std::isfinite(p.epsilon) && p.epsilon >= 0, "epsilon", "a number of at least 0");
  check((p.noise_multiplier > 0) != (p.epsilon > 0), "noise_multiplier", "either it, or epsilon, above 0");
  check(p.delta > 0 && p.delta < 1, "delta", "above 0 and below 1");
  check(p.colluding >= 0 && (p.colluding == 0 || p.noise != ClientNoise::kCentral), "colluding", "0 with central noise, else at least 0");
  check(!p.adaptive || p.noise == ClientNoise::kCentral, "adaptive", "central noise beside it: under secure aggregation the clip has to be known before anything is masked");
  check(std::isfinite(p.least_signal_to_noise) && p.least_signal_to_noise >= 0, "least_signal_to_noise", "a number of at least 0");
}

Json to_json(const ClientPrivacy& p) {
  Json json{{"clip", p.clip}, {"noise_multiplier", p.noise_multiplier}, {"epsilon", p.epsilon}, {"delta", p.delta}, {"noise", word_of(p.noise)}, {"colluding", p.colluding}, {"least_signal_to_noise", p.least_signal_to_noise}};
  if (p.seed) json["seed"] = *p.seed;
  if (p.adaptive) json["adaptive"] = to_json(*p.adaptive);
  return json;
}

double noise_multiplier_of(const ClientPrivacy& p, std::int64_t rounds) {
  if (p.noise_multiplier > 0) return p.noise_multiplier;
  // Shares cost a little more than the continuous noise; epsilon_after says how much.
  return noise_multiplier_for({p.epsilon, p.delta, 1, rounds, p.noise == ClientNoise::kCentral ? Accountant::kPld : Accountant::kRdp});
}

double epsilon_after(const ClientPrivacy& p, double noise_multiplier, std::int64_t rounds, const ShareGrid& grid) {
  if (p.noise != ClientNoise::kCentral) return distributed_epsilon(as_distributed(p, noise_multiplier, rounds, grid), p.delta).epsilon;
  const std::vector<SampledGaussian> phases{{noise_multiplier, 1, rounds}};
  return epsilon_of(phases, p.delta);
}

double signal_to_noise(double noise_multiplier, std::int64_t sites, std::int64_t dimensions) { return static_cast<double>(sites) / (noise_multiplier * std::sqrt(static_cast<double>(dimensions))); }

void require_useful(const ClientPrivacy& p, double noise_multiplier, std::int64_t sites, std::int64_t dimensions) {
  const double ratio = signal_to_noise(noise_multiplier, sites, dimensions);
  require(ratio >= p.least_signal_to_noise, ErrorCode::kRefused,
          fmt::format("protection.privacy: with {} sites and {} numbers in an update, noise multiplier {:.3g} makes the noise on the mean {:.3g} times as long as the longest mean update: signal to noise {:.2g}, and "
                      "least_signal_to_noise asks for {:.2g}. A guarantee for hospitals takes hundreds of them or a tiny model; training.privacy guards single patients, and suits few hospitals. Lower "
                      "least_signal_to_noise to insist",
                      sites, dimensions, noise_multiplier, 1 / ratio, ratio, p.least_signal_to_noise));
}

void add_noise_share(std::span<std::uint64_t> integers, const ClientPrivacy& p, double noise_multiplier, double clip, const ShareGrid& grid, NoiseStream& stream) {
  require(p.noise != ClientNoise::kCentral, ErrorCode::kUsage, "protection.privacy.noise: central noise has no shares");
  require(grid.sites > p.colluding, ErrorCode::kUsage, fmt::format("protection.privacy.colluding: {} of {} sites leave none whose noise is counted on", p.colluding, grid.sites));
  const double deviation = noise_multiplier * clip * grid.scale / std::sqrt(static_cast<double>(grid.sites - p.colluding));
  const auto add = [&](const auto& draw) {
    for (std::uint64_t& integer : integers) integer += static_cast<std::uint64_t>(draw(stream));
  };
  if (p.noise == ClientNoise::kSkellam) add(Skellam(deviation * deviation));
  else add(DiscreteGaussian(deviation));
}

}  // namespace consilium::fl
