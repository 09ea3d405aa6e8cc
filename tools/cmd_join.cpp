#include <fmt/format.h>

#include "base/files.h"
#include "base/progress.h"
#include "pipelines/join_federation.h"
#include "tools/device_option.h"
#include "tools/interrupt.h"
#include "tools/verb.h"

namespace consilium::tools {

int cmd_join(int argc, char** argv) {
  CLI::App app("Takes part in a federation with this site's cases. Images stay here; weights travel. Started again, it goes on.", "consilium join");
  CommonOptions common;
  std::string settings_file, device;
  app.add_option("SETTINGS", settings_file, "JSON file: name, coordinator, keys, data, scheme, folder (docs/formats.md)")->required();
  add_device_option(app, device);
  add_common(app, common, "consilium join site_a.json");
  return run_verb(app, argc, argv, common, [&] {
    const fs::path file = settings_file;
    auto settings = pipelines::parse_join_settings(read_json(file), file.filename().string(), fs::absolute(file).parent_path());
    if (!device.empty()) settings.device = device;
    const ModelState model = pipelines::join_federation(settings, log_line, stop_on_signals());
    const std::string path = (fs::path(settings.folder) / "model.safetensors").string();
    if (common.json) fmt::print("{}\n", Json{{"schema", "consilium.join/1"}, {"model", path}, {"digest", digest(model)}}.dump(2));
    else fmt::print("{}\n", path);
    return 0;
  });
}

}  // namespace consilium::tools
