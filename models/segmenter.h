#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "base/rng.h"
#include "models/presence.h"
#include "models/state/model_state.h"
#include "models/unet3d.h"

namespace consilium::models {

/// A segmentation network and its weights.
class Segmenter {
 public:
  /// Weights drawn from `init`: He's normal distribution for leaky ReLU (arXiv:1502.01852), scales 1, biases 0. Same Rng, same bytes.
  /// @throws Error{kUsage} as validate(options).
  Segmenter(const UNetOptions& options, const Rng& init);
  ~Segmenter();
  Segmenter(Segmenter&&) noexcept;
  Segmenter& operator=(Segmenter&&) noexcept;

  const UNetOptions& options() const;
  std::int64_t parameter_count() const;

  /// Where the weights are and the network computes: the processor, until it is moved.
  c10::Device device() const;
  void move_to(c10::Device device);

  /// Weights sorted by name, each with its group: options().stem_group, "trunk" or "head". With modalities: stem.NAME, projector.NAME, fusion, trunk, head,
  /// head.single and anchors.CLASS.
  ModelState state() const;
  /// Takes the weights of a state of the same layout; MONAI's aliases ("skip_layers.*") are passed over, groups are not compared.
  /// @throws Error{kMismatch} naming the first tensor that is missing, unknown or of another shape.
  void load(const ModelState& state);

  /// Logits without gradients, on device(). x [N, C, D, H, W] float32 of any device -> [N, K, D, H, W], then one tensor per supervised level.
  /// `presence`: which modalities each sample has; a network without modalities passes over it.
  /// @throws Error{kMismatch} channels differ, or a size is no multiple of stride_of(options()).
  std::vector<at::Tensor> logits(const at::Tensor& x, const Presence& presence = {}) const;

  /// The LibTorch side, for files of models/ only (segmenter_net.h).
  struct Net;
  Net& net() const { return *net_; }

 private:
  std::unique_ptr<Net> net_;
};

}  // namespace consilium::models
