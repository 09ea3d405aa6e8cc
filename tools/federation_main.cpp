#include <cstdio>
#include <string_view>

#include "tools/verb.h"

/// consilium-federation VERB ...: the verbs of a coordinator: gRPC, no LibTorch.
int main(int argc, char** argv) {
  using namespace consilium::tools;
  const std::string_view verb = argc > 1 ? argv[1] : "";
  if (verb == "coordinate") return cmd_coordinate(argc - 1, argv + 1);
  if (verb == "keys") return cmd_keys(argc - 1, argv + 1);
  std::fputs("consilium-federation is started by consilium: consilium --help\n", stderr);
  return 2;
}
