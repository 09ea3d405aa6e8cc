#include "models/unet3d.h"

#include "base/error.h"

namespace consilium::models {

int stride_of(const UNetOptions& options) { return 1 << (options.filters.size() - 1); }

void validate(const UNetOptions& options) {
  require(options.in_channels >= 1 && options.in_channels <= 64, ErrorCode::kUsage, "in_channels is 1 to 64");
  require(options.out_channels >= 1 && options.out_channels <= 255, ErrorCode::kUsage, "out_channels is 1 to 255");
  require(options.filters.size() >= 2 && options.filters.size() <= 7, ErrorCode::kUsage, "filters lists 2 to 7 levels");
  for (const int filters : options.filters) require(filters >= 1 && filters <= 2048, ErrorCode::kUsage, "each entry of filters is 1 to 2048");
  require(options.deep_supervision >= 0 && options.deep_supervision <= static_cast<int>(options.filters.size()) - 2, ErrorCode::kUsage,
          "deep_supervision is 0 to the number of levels minus 2");
  require(!options.stem_group.empty(), ErrorCode::kUsage, "stem_group needs a name");
  validate(options.multimodal, options.in_channels);
}

void read_unet_options(SettingsReader& reader, UNetOptions& options) {
  reader.field("in_channels", options.in_channels);
  reader.field("out_channels", options.out_channels);
  reader.field("filters", options.filters);
  reader.field("deep_supervision", options.deep_supervision);
  reader.field("stem_group", options.stem_group);
  reader.object("multimodal", [&](SettingsReader& multimodal) { read_multimodal_options(multimodal, options.multimodal); });
  validate(options);
}

Json to_json(const UNetOptions& o) {
  return {{"in_channels", o.in_channels}, {"out_channels", o.out_channels}, {"filters", o.filters}, {"deep_supervision", o.deep_supervision}, {"stem_group", o.stem_group}, {"multimodal", to_json(o.multimodal)}};
}

}  // namespace consilium::models
