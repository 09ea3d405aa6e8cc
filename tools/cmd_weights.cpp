#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/settings.h"
#include "models/state/weights_folder.h"
#include "tools/verb.h"

namespace consilium::tools {

int cmd_weights(int argc, char** argv) {
  CLI::App app("Turns the weights of a model into .npy files that numpy reads, and such a folder into a model.", "consilium weights");
  CommonOptions common;
  std::string in, out;
  app.add_option("IN", in, "MODEL.safetensors, or a folder with weights.json and .npy files")->required();
  app.add_option("-o", out, "the other of the two")->required()->type_name("OUT");
  add_common(app, common, "consilium weights model.safetensors -o weights\n  consilium weights weights -o model.safetensors");
  return run_verb(app, argc, argv, common, [&] {
    const bool to_model = fs::is_directory(in);
    const ModelFile model = to_model ? read_weights_folder(in) : read_safetensors(in);
    if (to_model) write_safetensors(out, model.state, model.metadata);
    else write_weights_folder(out, model);
    if (common.json) fmt::print("{}\n", Json{{"schema", "consilium.weights_report/1"}, {"output", out}, {"tensors", model.state.tensors.size()}, {"digest", digest(model.state)}}.dump(2));
    else fmt::print("{}\n", out);
    return 0;
  });
}

}  // namespace consilium::tools
