#include "models/runtime.h"

#include <malloc.h>
#include <torch/torch.h>
#include <torch/version.h>

#include <fstream>

#include "base/parallel.h"
#include "models/precision.h"

namespace consilium::models {

void configure_torch(std::size_t threads) {
  // Every layer's tensors would else be mapped, zeroed and unmapped by the kernel at each step: measured, a third of the time.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  at::set_num_threads(static_cast<int>(threads == 0 ? thread_limit() : threads));
  at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/true);
}

TorchReport describe_torch() {
  TorchReport report;
  report.version = TORCH_VERSION;
  report.threads = at::get_num_threads();
  report.multiplies_bfloat16 = resolve(Precision::kAuto) == Precision::kBfloat16;
  report.cuda = torch::cuda::is_available();
  // Which library the alternatives system linked is only known once it is loaded.
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);)
    if (line.find("openblas") != std::string::npos) report.openblas = true;
  return report;
}

}  // namespace consilium::models
