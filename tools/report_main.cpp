#include <cstdio>
#include <string_view>

#include "tools/verb.h"

/// consilium-report report ...: the verb that draws.
int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "report") return consilium::tools::cmd_report(argc - 1, argv + 1);
  std::fputs("consilium-report is started by consilium: consilium report --help\n", stderr);
  return 2;
}
