#include <cstdio>
#include <string_view>

#include "tools/verb.h"

/// consilium-report: a program of its own, because what writes PNG files (OpenCV) loads a hundred libraries.
int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "report") return consilium::tools::cmd_report(argc - 1, argv + 1);
  std::fputs("consilium-report is started by consilium: consilium --help\n", stderr);
  return 2;
}
