#include "models/precision.h"

#include <ATen/autocast_mode.h>
#include <torch/torch.h>

#include <fstream>
#include <string>

#include "models/autocast_module.h"

namespace consilium::models {
namespace {

bool multiplies_bfloat16() {
  static const bool answer = [] {
    std::ifstream cpuinfo("/proc/cpuinfo");
    for (std::string line; std::getline(cpuinfo, line);)
      if (line.starts_with("flags")) return line.find(" avx512_bf16") != std::string::npos || line.find(" amx_bf16") != std::string::npos;
    return false;
  }();
  return answer;
}

}  // namespace

const std::vector<std::pair<std::string, Precision>>& precision_words() {
  static const std::vector<std::pair<std::string, Precision>> words{{"auto", Precision::kAuto}, {"float32", Precision::kFloat32}, {"bfloat16", Precision::kBfloat16}};
  return words;
}

std::string_view to_string(Precision precision) {
  for (const auto& [word, value] : precision_words())
    if (value == precision) return word;
  return "auto";
}

Precision resolve(Precision precision) {
  if (precision != Precision::kAuto) return precision;
  return multiplies_bfloat16() ? Precision::kBfloat16 : Precision::kFloat32;
}

AutocastScope::AutocastScope(Precision precision) : active_(resolve(precision) == Precision::kBfloat16) {
  if (!active_) return;
  at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
  at::autocast::set_cpu_enabled(true);
}

AutocastScope::~AutocastScope() {
  if (!active_) return;
  at::autocast::clear_cache();  // or a later pass would multiply with weights of before the step
  at::autocast::set_cpu_enabled(false);
}

}  // namespace consilium::models
