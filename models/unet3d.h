#pragma once

#include <string>
#include <vector>

#include "base/settings.h"
#include "models/multimodal_options.h"

namespace consilium::models {

/// The network's shape. Source: MONAI's DynUNet with res_block off; nnU-Net (doi:10.1038/s41592-020-01008-z) is its model.
struct UNetOptions {
  int in_channels = 4;
  int out_channels = 4;                            ///< classes, background included
  std::vector<int> filters{32, 64, 128, 256, 320}; ///< per level, 2 to 7 levels; each level halves the resolution
  int deep_supervision = 0;                        ///< heads below full resolution, at most levels - 2
  std::string stem_group = "stem.mr";              ///< group of the first block; the rest is "trunk" and "head". Not with modalities: each has its own
  MultimodalOptions multimodal{};

  bool operator==(const UNetOptions&) const = default;
};

/// Every image size must be a multiple of this: 2^(levels - 1).
int stride_of(const UNetOptions& options);

/// @throws Error{kUsage} naming the field.
void validate(const UNetOptions& options);

/// JSON keys are the field names. @throws Error{kUsage}
void read_unet_options(SettingsReader& reader, UNetOptions& options);
Json to_json(const UNetOptions& options);

}  // namespace consilium::models
