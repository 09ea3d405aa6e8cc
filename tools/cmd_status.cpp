#include <fmt/format.h>

#include "fl/run_history.h"
#include "fl/wall_clock.h"
#include "pipelines/status_text.h"
#include "tools/verb.h"

namespace consilium::tools {

int cmd_status(int argc, char** argv) {
  CLI::App app("How a federation stands, or how it went: its sites, its rounds, and who was missing. Reads the coordinator's folder, while it works or afterwards.", "consilium status");
  CommonOptions common;
  std::string folder;
  bool events = false;
  app.add_option("RUN", folder, "the coordinator's folder (it holds run.sqlite)")->required();
  app.add_flag("--events", events, "every event that is kept, oldest first, instead of the status");
  add_common(app, common, "consilium status federation --json");
  return run_verb(app, argc, argv, common, [&] {
    if (events) {
      for (const fl::Event& event : fl::read_events(folder)) fmt::print("{}\n", common.json ? to_line(event) : pipelines::event_text(event));
      return 0;
    }
    const double now = fl::utc_seconds();
    const fl::RunStatus status = fl::read_run_status(folder);
    if (common.json) fmt::print("{}\n", to_json(status, now).dump(2, ' ', false, Json::error_handler_t::replace));
    else fmt::print("{}", pipelines::status_text(status, now));
    return 0;
  });
}

}  // namespace consilium::tools
