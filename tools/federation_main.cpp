#include <cstdio>
#include <string_view>

#include "tools/verb.h"

/// consilium-federation VERB ...: the verbs that need no LibTorch, of a coordinator and about federations.
int main(int argc, char** argv) {
  using namespace consilium::tools;
  const std::string_view verb = argc > 1 ? argv[1] : "";
  if (verb == "coordinate") return cmd_coordinate(argc - 1, argv + 1);
  if (verb == "estimate") return cmd_estimate(argc - 1, argv + 1);
  if (verb == "status") return cmd_status(argc - 1, argv + 1);
  if (verb == "verify") return cmd_verify(argc - 1, argv + 1);
  if (verb == "watch") return cmd_watch(argc - 1, argv + 1);
  if (verb == "keys") return cmd_keys(argc - 1, argv + 1);
  if (verb == "privacy") return cmd_privacy(argc - 1, argv + 1);
  if (verb == "policy") return cmd_policy(argc - 1, argv + 1);
  if (verb == "relay") return cmd_relay(argc - 1, argv + 1);
  if (verb == "weights") return cmd_weights(argc - 1, argv + 1);
  std::fputs("consilium-federation is started by consilium: consilium --help\n", stderr);
  return 2;
}
