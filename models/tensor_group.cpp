#include "models/tensor_group.h"

namespace consilium::models {
namespace {

/// The second part of a name, up to its next dot, behind `group`: ("stem", "stems.CT.levels...") -> "stem.CT".
std::string member(const std::string& group, const std::string& name) {
  const std::size_t start = name.find('.');
  return group + name.substr(start, name.find('.', start + 1) - start);
}

std::string fusion_group(const std::string& name, Fusion fusion) {
  const auto part = [&](const char* word) { return name.find(word) != std::string::npos; };
  if (part(".mix.") || fusion == Fusion::kExperts) return "fusion";  // a product of experts has a variance with one of them too
  return part(".region.") ? "fusion.regions" : "fusion.several";
}

}  // namespace

std::string group_of(const std::string& name, const UNetOptions& options) {
  if (name.starts_with("input_block.")) return options.stem_group;
  if (name.starts_with("stems.")) return member("stem", name);
  if (name.starts_with("projectors.")) return member("projector", name);
  if (name.starts_with("anchors.")) return name;
  if (name.starts_with("fusion.")) return fusion_group(name, options.multimodal.fusion);
  if (name.starts_with("attention.")) return "fusion";
  if (name.starts_with("single_head.")) return "head.single";
  if (name.starts_with("output_block.") || name.starts_with("deep_supervision_heads.")) return "head";
  return "trunk";
}

}  // namespace consilium::models
