#pragma once

// Only for .cpp files of this folder: it pulls in all of LibTorch.
#include "models/segmenter.h"
#include "models/network_module.h"

namespace consilium::models {

struct Segmenter::Net {
  std::shared_ptr<NetworkImpl> module;
};

}  // namespace consilium::models
