#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <vector>

#include "models/unet3d.h"

namespace consilium::bench {

/// One convolution of a network with modalities, by itself.
struct ConvolutionCost {
  std::string name;
  at::Tensor input;                                   ///< of the size that it has in the network
  std::function<at::Tensor(const at::Tensor&)> run;
  bool of_image = false;                              ///< its input needs no gradient
};

/// Every convolution of one pass over `samples` patches of `size`^3 that have every modality, in training (`trains`: with the heads per modality) or prediction.
std::vector<ConvolutionCost> convolutions_of(const models::UNetOptions& network, std::int64_t samples, std::int64_t size, bool trains);

/// Runs each forwards, and with `trains` backwards.
void run_convolutions(const std::vector<ConvolutionCost>& convolutions, bool trains);

}  // namespace consilium::bench
