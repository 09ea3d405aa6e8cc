#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/attack/victim.h"

namespace consilium::models {

/// How a made-up image's gradient is compared with the one that was seen.
enum class GradientMatching {
  kCosine,  ///< angle, signed Adam, total variation. Source: Geiping et al. 2020 (Inverting Gradients, arXiv:2003.14053)
  kL2,      ///< squared distance, L-BFGS. Source: Zhu et al. 2019 (Deep Leakage from Gradients, arXiv:1906.08935)
};

struct InversionOptions {
  GradientMatching matching = GradientMatching::kCosine;
  std::int64_t iterations = 400;  ///< steps; of L-BFGS evaluations, about
  double rate = 0.1;              ///< of the signed Adam, falling to a tenth at 3/8, 5/8 and 7/8; L-BFGS: 1
  double total_variation = 1e-4;  ///< weight of the mean step between neighbours; cosine only
  double lowest = -4, highest = 6;  ///< deviations of a normalised intensity, within which images are sought
  std::int64_t restarts = 1;      ///< from other random images; the best match is kept
};
/// @throws Error{kUsage}
void validate(const InversionOptions& options);

struct Reconstruction {
  std::vector<std::vector<float>> images;  ///< one per assumed patch, size^3
  double mismatch = 0;                     ///< 1 - cosine, or squared distance over that of nothing; 0: the update is explained
};

/// The images that explain an update, sought from random ones. The attacker knows the network, its weights, the training, how many cases took part and their labels: more than a
/// curious coordinator does (labels of one case follow from the signs of the gradient, arXiv:2001.02610), so that what is not found here is not found by knowing less.
///
/// `seen`: an update, or a sum or a noisy one, in the layout of Victim::update. `assumed`: the labels of the patches to look for; their images are not looked at.
/// @throws Error{kMismatch} an update of another network; Error{kUsage} nothing is assumed.
Reconstruction invert_update(Victim& victim, const ModelState& seen, std::span<const VictimPatch> assumed, const InversionOptions& options, const Rng& rng);

/// The image that a first linear layer's gradients hold: dL/dW_i / dL/db_i of the row i whose bias moved most. Exact for one case; a mixture for several.
/// Source: Phong et al. 2018, doi:10.1109/TIFS.2017.2787987, section 3.
/// @throws Error{kUsage} the network does not begin with such a layer; Error{kNotFound} no bias moved.
std::vector<float> recover_from_linear(const Victim& victim, const ModelState& seen);

}  // namespace consilium::models
