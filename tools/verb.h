#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace consilium::tools {

/// Options that every verb spells the same.
struct CommonOptions {
  bool json = false;
  bool quiet = false;
  std::size_t threads = 0;  ///< 0: all that this process may use
};

/// Adds --quiet and --threads, and --json where `json_flag`; `example` ends the help text.
void add_common(CLI::App& app, CommonOptions& common, const std::string& example, bool json_flag = true);

/// Parses, sets threads and quietness, runs `body`, and turns every error into a message and its exit code (docs/exit_codes.md).
int run_verb(CLI::App& app, int argc, char** argv, const CommonOptions& common, const std::function<int()>& body);

int cmd_phantom(int argc, char** argv);
int cmd_inspect(int argc, char** argv);
int cmd_convert(int argc, char** argv);
int cmd_deidentify(int argc, char** argv);
int cmd_seg(int argc, char** argv);
int cmd_rtstruct(int argc, char** argv);
int cmd_preprocess(int argc, char** argv);
int cmd_train(int argc, char** argv);
int cmd_predict(int argc, char** argv);
int cmd_evaluate(int argc, char** argv);
int cmd_keys(int argc, char** argv);
int cmd_coordinate(int argc, char** argv);
int cmd_status(int argc, char** argv);
int cmd_watch(int argc, char** argv);
int cmd_privacy(int argc, char** argv);
int cmd_policy(int argc, char** argv);
int cmd_verify(int argc, char** argv);
int cmd_replay(int argc, char** argv);
int cmd_relay(int argc, char** argv);
int cmd_join(int argc, char** argv);
int cmd_simulate(int argc, char** argv);
int cmd_estimate(int argc, char** argv);
int cmd_report(int argc, char** argv);
int cmd_pacs(int argc, char** argv);
int cmd_attack(int argc, char** argv);
int cmd_weights(int argc, char** argv);
int cmd_doctor(int argc, char** argv);

}  // namespace consilium::tools
