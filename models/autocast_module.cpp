#include "models/autocast_module.h"

#include <ATen/autocast_mode.h>
#include <torch/version.h>

namespace consilium::models {
namespace {

// LibTorch 2.4 gave every device the same functions and keeps the old ones only for a while.
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
void switch_autocast(c10::DeviceType type, bool on) {
  if (on) at::autocast::set_autocast_dtype(type, at::kBFloat16);
  at::autocast::set_autocast_enabled(type, on);
}
bool is_cpu_autocast() { return at::autocast::is_autocast_enabled(c10::kCPU); }
#else
void switch_autocast(c10::DeviceType type, bool on) {
  if (type == c10::kCUDA) {
    if (on) at::autocast::set_autocast_gpu_dtype(at::kBFloat16);
    at::autocast::set_enabled(on);
    return;
  }
  if (on) at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
  at::autocast::set_cpu_enabled(on);
}
bool is_cpu_autocast() { return at::autocast::is_cpu_enabled(); }
#endif

}  // namespace

AutocastScope::AutocastScope(Precision precision, c10::Device device) : active_(resolve(precision, device) == Precision::kBfloat16), type_(device.type()) {
  if (active_) switch_autocast(type_, true);
}

AutocastScope::~AutocastScope() {
  if (!active_) return;
  at::autocast::clear_cache();  // or a later pass would multiply with weights of before the step
  switch_autocast(type_, false);
}

bool autocasts_on_cpu() { return is_cpu_autocast(); }

}  // namespace consilium::models
