#pragma once

#include <string>
#include <vector>

namespace consilium::bench {

/// Runs bench/peers/`script` under Debian's Python (or the one that CONSILIUM_BENCH_PYTHON names) and returns the seconds that it prints: the time of the work alone, its
/// imports apart. Negative when the peer is not installed.
double peer_seconds(const std::string& script, const std::vector<std::string>& words);

/// Wall seconds from start to end of a program, its output thrown away. Negative when it does not end with 0.
double program_seconds(const std::vector<std::string>& command);

}  // namespace consilium::bench
