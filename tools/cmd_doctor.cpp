#include <fmt/format.h>

#include "base/parallel.h"
#include "base/settings.h"
#include "models/runtime.h"
#include "tools/verb.h"

namespace consilium::tools {

int cmd_doctor(int argc, char** argv) {
  CLI::App app("What this machine offers for training, and what is missing.", "consilium doctor");
  CommonOptions common;
  add_common(app, common, "consilium doctor");
  return run_verb(app, argc, argv, common, [&] {
    models::configure_torch();
    const models::TorchReport torch = models::describe_torch();
    std::vector<std::string> advice;
    if (!torch.openblas) advice.push_back("OpenBLAS is not in use: float32 convolutions are several times slower. apt-get install libopenblas0-pthread");
    if (!torch.multiplies_bfloat16) advice.push_back("this processor does not multiply bfloat16: precision \"auto\" trains in float32, about twice as slow");
    if (torch.cuda_devices == 0) advice.push_back("no CUDA device is seen: training and prediction run on the processor (docs/gpu.md)");
    if (common.json) {
      fmt::print("{}\n", Json{{"schema", "consilium.doctor/1"}, {"threads", available_threads()}, {"torch_threads", torch.threads}, {"libtorch", torch.version}, {"openblas", torch.openblas},
                              {"bfloat16", torch.multiplies_bfloat16}, {"cuda_devices", torch.cuda_devices}, {"consilium", CONSILIUM_VERSION}, {"advice", advice}}.dump(2));
      return 0;
    }
    fmt::print("consilium   {}\nthreads     {}\nLibTorch    {}\nOpenBLAS    {}\nbfloat16    {}\nCUDA        {}\n", CONSILIUM_VERSION, available_threads(), torch.version, torch.openblas ? "in use" : "missing",
               torch.multiplies_bfloat16 ? "multiplied by the processor" : "no", torch.cuda_devices == 0 ? std::string("not seen") : fmt::format("{} device{}", torch.cuda_devices, torch.cuda_devices == 1 ? "" : "s"));
    for (const std::string& line : advice) fmt::print("advice      {}\n", line);
    return 0;
  });
}

}  // namespace consilium::tools
