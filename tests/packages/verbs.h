#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "tests/support/program.h"

namespace consilium::test {

/// What `consilium --help` lists.
inline std::vector<std::string> verbs_of(const std::string& program) {
  std::vector<std::string> verbs;
  std::istringstream lines(run_program({program, "--help"}).out);
  for (std::string line; std::getline(lines, line);)
    if (line.rfind("  ", 0) == 0) verbs.push_back(line.substr(2, line.find(' ', 2) - 2));
  return verbs;
}

}  // namespace consilium::test
