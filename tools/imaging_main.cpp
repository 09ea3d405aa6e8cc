#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "tools/verb.h"

/// consilium-imaging VERB ...: the verbs that need neither LibTorch nor gRPC.
int main(int argc, char** argv) {
  using namespace consilium::tools;
  const std::string_view verb = argc > 1 ? argv[1] : "";
  if (verb == "inspect") return cmd_inspect(argc - 1, argv + 1);
  if (verb == "convert") return cmd_convert(argc - 1, argv + 1);
  if (verb == "deidentify") return cmd_deidentify(argc - 1, argv + 1);
  if (verb == "seg") return cmd_seg(argc - 1, argv + 1);
  if (verb == "rtstruct") return cmd_rtstruct(argc - 1, argv + 1);
  if (verb == "preprocess") return cmd_preprocess(argc - 1, argv + 1);
  if (verb == "evaluate") return cmd_evaluate(argc - 1, argv + 1);
  if (verb == "phantom") return cmd_phantom(argc - 1, argv + 1);
  std::fputs("consilium-imaging is started by consilium: consilium --help\n", stderr);
  return 2;
}
