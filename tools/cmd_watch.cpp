#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <set>

#include "base/error.h"
#include "fl/transport/remote_run.h"
#include "fl/wall_clock.h"
#include "pipelines/status_text.h"
#include "pipelines/watch_run.h"
#include "tools/interrupt.h"
#include "tools/verb.h"

namespace consilium::tools {
namespace {

int columns() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 100;
}

/// A table that is drawn over itself on a terminal; elsewhere a line an event, and each warning once.
pipelines::OnNews printer(bool json) {
  const bool terminal = isatty(STDOUT_FILENO) == 1 && !json;
  auto told = std::make_shared<std::set<std::string>>();
  return [=](const fl::RunStatus& status, const std::vector<fl::Event>& events) {
    const double now = fl::utc_seconds();
    if (terminal) {
      fmt::print("\033[H\033[2J{}", pipelines::status_text(status, now, columns()));
    } else {
      for (const fl::Event& event : events) fmt::print("{}\n", json ? to_line(event) : pipelines::event_text(event));
      if (!status.end.empty() && !json)
        for (const std::string& line : fl::warnings(status, now))
          if (told->insert(line).second) fmt::print("WARNING: {}\n", line);
    }
    std::fflush(stdout);
  };
}

}  // namespace

int cmd_watch(int argc, char** argv) {
  CLI::App app("Shows a federation while it runs: what every site does, how the rounds follow each other, who is missing. Ends with the run.", "consilium watch");
  CommonOptions common;
  std::string where, keys = "keys";
  fl::RemoteRunOptions remote;
  CLI::Option* folder = app.add_option("RUN", where, "the coordinator's folder, on its machine");
  CLI::Option* address = app.add_option("--coordinator", remote.coordinator, "or host:port of the coordinator: from anywhere, as an observer or administrator of the federation")->excludes(folder);
  CLI::Option* name = app.add_option("--as", remote.name, "the observer or administrator")->needs(address);
  address->needs(name);
  app.add_option("--keys", keys, "folder with its key and certificate (default keys)")->needs(address);
  app.add_option("--give-up", remote.give_up_seconds, "seconds to wait for a coordinator that does not answer (default 60)")->needs(address);
  add_common(app, common, "consilium watch federation\n  consilium watch --coordinator hub.example:8443 --as nurse --keys keys");
  return run_verb(app, argc, argv, common, [&] {
    require(folder->count() + address->count() == 1, ErrorCode::kUsage, "give the coordinator's folder, or --coordinator and --as");
    if (folder->count() == 1) {
      pipelines::watch_folder(where, printer(common.json), stop_on_signals());
    } else {
      remote.tls = fl::tls_files(keys, remote.name);
      fl::follow_run(remote, printer(common.json), stop_on_signals());
    }
    return 0;
  });
}

}  // namespace consilium::tools
