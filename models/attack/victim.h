#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "models/state/model_state.h"

namespace consilium::models {

/// The network whose update is attacked. All look at cubes of one channel; what differs is how much of its input a network's gradient shows.
enum class VictimNetwork {
  kLinear,         ///< "is there tumour in this cube?", from a layer that sees every voxel: its gradient holds the image itself
  kConvolutional,  ///< the same question: two convolutions, then one linear layer, as in the papers on gradient inversion
  kUNet,           ///< the project's segmentation network of two levels
};
const std::vector<std::pair<std::string, VictimNetwork>>& victim_words();
std::string_view to_string(VictimNetwork network);

struct VictimOptions {
  VictimNetwork network = VictimNetwork::kConvolutional;
  std::int64_t size = 16;       ///< voxels along each axis, a multiple of 2, 8 to 64
  double learning_rate = 3e-4;  ///< of the site's plain SGD: small enough that the first patient leaves something to learn from the second
};
/// @throws Error{kUsage}
void validate(const VictimOptions& options);

/// One cube of one case.
struct VictimPatch {
  std::vector<float> image;          ///< size^3
  std::vector<std::uint8_t> labels;  ///< size^3, 1 where tumour is

  bool has_tumour() const;
};

/// A network with weights drawn from `init`, and the training that a site does with it.
class Victim {
 public:
  Victim(const VictimOptions& options, const Rng& init);
  ~Victim();
  Victim(Victim&&) noexcept;

  const VictimOptions& options() const;
  std::int64_t parameter_count() const;

  /// What a site sends: its weights after a step of SGD on each batch, minus those it began with.
  /// @throws Error{kMismatch} a patch of another size; Error{kUsage} no batch, or an empty one.
  ModelState update(const std::vector<std::vector<VictimPatch>>& batches);

  /// The LibTorch side, for files of models/ only (victim_module.h).
  struct Net;
  Net& net() { return *net_; }

 private:
  std::unique_ptr<Net> net_;
};

}  // namespace consilium::models
