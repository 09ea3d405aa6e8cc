#include "models/runtime.h"

#include <dlfcn.h>
#include <malloc.h>
#include <torch/torch.h>
#include <torch/version.h>

#include <fstream>

#include "base/parallel.h"
#include "models/precision.h"

namespace consilium::models {

void configure_torch(std::size_t threads, c10::Device device) {
  // Every layer's tensors would else be mapped, zeroed and unmapped by the kernel at each step: measured, a third of the time.
  // One arena, never given back: threads of their own arenas would map and unmap at each step, too.
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 64 << 20);
  const auto count = static_cast<int>(threads == 0 ? thread_limit() : threads);
  at::set_num_threads(count);
  // LibTorch does not tell OpenBLAS, whose idle threads yield in a loop: measured, half of a core beside every training.
  if (void* found = dlsym(RTLD_DEFAULT, "openblas_set_num_threads")) reinterpret_cast<void (*)(int)>(found)(count);
  // On CUDA it would also warn at every step of the losses that it cannot order.
  at::globalContext().setDeterministicAlgorithms(device.is_cpu(), /*warn_only=*/true);
  at::globalContext().setAllowTF32CuDNN(false);  // else "float32" has ten bits of mantissa there
}

TorchReport describe_torch() {
  TorchReport report;
  report.version = TORCH_VERSION;
  report.threads = at::get_num_threads();
  report.multiplies_bfloat16 = resolve(Precision::kAuto) == Precision::kBfloat16;
  report.cuda_devices = static_cast<int>(torch::cuda::device_count());
  // Which library the alternatives system linked is only known once it is loaded.
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);)
    if (line.find("openblas") != std::string::npos) report.openblas = true;
  return report;
}

}  // namespace consilium::models
