#pragma once

// Only for .cpp files of this folder: it pulls in all of LibTorch.
#include "models/segmenter.h"
#include "models/unet3d_module.h"

namespace consilium::models {

struct Segmenter::Net {
  UNet3d module;
};

}  // namespace consilium::models
