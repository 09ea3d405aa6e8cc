#include <cstdio>
#include <string_view>

#include "tools/verb.h"

/// consilium-attack: a program of its own, because it needs LibTorch and what writes PNG files (OpenCV).
int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "attack") return consilium::tools::cmd_attack(argc - 1, argv + 1);
  std::fputs("consilium-attack is started by consilium: consilium --help\n", stderr);
  return 2;
}
