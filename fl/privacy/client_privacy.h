#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/settings.h"
#include "fl/privacy/adaptive_clip.h"
#include "fl/privacy/distributed.h"
#include "fl/privacy/noise_stream.h"

namespace consilium::fl {

/// Who adds the noise that hides a hospital's part in a round.
enum class ClientNoise {
  kCentral,           ///< the coordinator, on the sum: it sees every update, and is trusted
  kSkellam,           ///< the sites, a share each, under secure aggregation: nobody sees less noise than the sum's
  kDiscreteGaussian,  ///< likewise
};

/// Client-level DP-FedAvg: the global models tell little of any one hospital's taking part. Source: McMahan et al. 2018 (arXiv:1710.06963), algorithm 1; Kairouz et al. 2021
/// (arXiv:2102.06387) for noise in shares.
///
///     w <- w + (sum_k min(1, C / |D_k|) D_k + N(0, (z C)^2)) / n
///
/// n: the sites that are asked, whoever answers. Every site has the same say: with weights by cases one site could move the sum by more than C, and its number of cases would decide
/// how much. Sites that are drawn by selection are accounted as if all were asked: the draw has a fixed size and is not secret, so it adds nothing that could be claimed.
struct ClientPrivacy {
  double clip = 1;              ///< C: L2 bound of an update, in the first round where `adaptive` is used
  double noise_multiplier = 0;  ///< z; 0: as `epsilon` asks
  double epsilon = 0;           ///< of all rounds together, at `delta`; 0: as noise_multiplier says
  double delta = 1e-5;          ///< below 1 / hospitals that could have taken part
  ClientNoise noise = ClientNoise::kCentral;
  std::int64_t colluding = 0;   ///< sites whose shares of the noise are not counted on
  std::optional<AdaptiveClip> adaptive{};  ///< central noise only; its `initial` is `clip`
  std::optional<std::uint64_t> seed{};  ///< of central noise, for tests and repeatable simulations: whoever knows it can take the noise off. None: secret
  double least_signal_to_noise = 0.1;      ///< below it the federation is refused: it would train on noise. Whoever insists lowers it

  bool operator==(const ClientPrivacy&) const = default;
};

/// JSON keys are the field names; `adaptive` an object. @throws Error{kUsage}
void read_client_privacy(SettingsReader& reader, ClientPrivacy& privacy);
Json to_json(const ClientPrivacy& privacy);

/// z. @throws as noise_multiplier_for.
double noise_multiplier_of(const ClientPrivacy& privacy, std::int64_t rounds);
/// What so many rounds cost. Central noise by the PLD accountant; shares by RDP, with what rounding to multiples of 1 / scale adds.
struct ShareGrid {
  std::int64_t dimensions = 1;
  double scale = 1;
  std::int64_t sites = 1;  ///< whose shares are in the sum, colluding ones included
};
double epsilon_after(const ClientPrivacy& privacy, double noise_multiplier, std::int64_t rounds, const ShareGrid& grid = {});

/// Length of the mean update, at most C, over the length of its noise, z C sqrt(d) / n: n / (z sqrt(d)).
double signal_to_noise(double noise_multiplier, std::int64_t sites, std::int64_t dimensions);
/// @throws Error{kRefused} below least_signal_to_noise, with the number and what would change it.
void require_useful(const ClientPrivacy& privacy, double noise_multiplier, std::int64_t sites, std::int64_t dimensions);

/// A site's share of the noise on integers that are added modulo 2^64: adds Skellam or discrete Gaussian numbers of variance
/// (z C scale)^2 / (sites - colluding). @throws Error{kUsage} central noise, or no site that is counted on.
void add_noise_share(std::span<std::uint64_t> integers, const ClientPrivacy& privacy, double noise_multiplier, double clip, const ShareGrid& grid, NoiseStream& stream);

}  // namespace consilium::fl
