#include "tools/verb.h"

#include <fmt/core.h>

#include <filesystem>
#include <new>

#include "base/error.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/settings.h"

namespace consilium::tools {
namespace {

int report(const CommonOptions& common, ErrorCode code, const std::string& message) {
  if (common.json) fmt::print("{}\n", Json{{"error", {{"code", static_cast<int>(code)}, {"word", to_string(code)}, {"message", message}}}}.dump(2, ' ', false, Json::error_handler_t::replace));
  fmt::print(stderr, "consilium: error: {}\n", message);
  return static_cast<int>(code);
}

}  // namespace

void add_common(CLI::App& app, CommonOptions& common, const std::string& example, bool json_flag) {
  if (json_flag) app.add_flag("--json", common.json, "results as JSON on standard output");
  app.add_flag("--quiet", common.quiet, "no progress on standard error");
  app.add_option("--threads", common.threads, "threads to use; 0 (default): all that this process may use");
  app.footer("Example:\n  " + example + "\n\nResearch use only: this is no medical device. Exit codes: docs/exit_codes.md");
}

int run_verb(CLI::App& app, int argc, char** argv, const CommonOptions& common, const std::function<int()>& body) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    // The flag may stand behind the word that was not understood.
    CommonOptions told = common;
    const CLI::Option* json = app.get_option_no_throw("--json");
    if (json != nullptr && json->get_expected_min() == 0)
      for (int n = 1; n < argc; ++n) told.json = told.json || std::string_view(argv[n]) == "--json";
    return report(told, ErrorCode::kUsage, std::string(error.what()) + "; see " + app.get_name() + " --help");
  }
  try {
    set_progress_quiet(common.quiet);
    set_thread_limit(common.threads);
    return body();
  } catch (const Error& error) {
    return report(common, error.code(), error.what());
  } catch (const std::filesystem::filesystem_error& error) {  // a folder without permission, a name that is too long
    return report(common, ErrorCode::kNotFound, error.path1().string() + ": " + error.code().message());
  } catch (const std::bad_alloc&) {
    return report(common, ErrorCode::kUnexpected, "out of memory");
  } catch (const std::exception& error) {
    return report(common, ErrorCode::kUnexpected, error.what());
  }
}

}  // namespace consilium::tools
