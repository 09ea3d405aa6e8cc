#include "base/files.h"
#include "pipelines/relay.h"
#include "tools/interrupt.h"
#include "tools/verb.h"

namespace consilium::tools {

int cmd_relay(int argc, char** argv) {
  CLI::App app("Stores and forwards between sites of a federation without coordinator that cannot reach each other. It cannot read what it keeps.", "consilium relay");
  CommonOptions common;
  std::string settings_file;
  app.add_option("SETTINGS", settings_file, "JSON file: listen, name, keys, folder, sites (docs/formats.md)")->required();
  add_common(app, common, "consilium relay relay.json");
  return run_verb(app, argc, argv, common, [&] {
    const fs::path file = settings_file;
    pipelines::relay(pipelines::parse_relay_settings(read_json(file), file.filename().string(), fs::absolute(file).parent_path()), stop_on_signals());
    return 0;
  });
}

}  // namespace consilium::tools
