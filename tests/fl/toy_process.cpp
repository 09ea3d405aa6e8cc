#include <cstdio>
#include <cstdlib>

#include "base/error.h"
#include "base/rng.h"
#include "fl/transport/client.h"
#include "fl/transport/server.h"
#include "tests/fl/noise_trainer.h"

// A coordinator or a site of a toy federation as a process that can be killed.
//   toy_process coordinator KEYS FOLDER LISTEN ROUNDS PARAMETERS SITE...
//   toy_process site KEYS NAME FOLDER ADDRESS MILLISECONDS
namespace consilium::fl {
namespace {

int run(const std::vector<std::string>& words) {
  if (words.at(0) == "coordinator") {
    FederationSettings settings{.sites = {words.begin() + 6, words.end()}, .rounds = std::stoll(words.at(4)), .deadline_seconds = 3600};
    settings.quorum = static_cast<std::int64_t>(settings.sites.size());
    run_coordinator({.listen = words.at(3), .name = "hub", .tls = tls_files(words.at(1), "hub"), .folder = words.at(2), .linger_seconds = 20}, settings, test::noise_model(std::stoll(words.at(5))));
    return 0;
  }
  test::NoiseTrainer trainer(words.at(2), std::stoi(words.at(5)));
  run_site({.name = words.at(2), .coordinator = words.at(4), .tls = tls_files(words.at(1), words.at(2)), .folder = words.at(3), .give_up_seconds = 3600}, trainer, [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); });
  return 0;
}

}  // namespace
}  // namespace consilium::fl

int main(int argc, char** argv) {
  try {
    return consilium::fl::run({argv + 1, argv + argc});
  } catch (const consilium::Error& error) {
    std::fprintf(stderr, "toy_process: %s\n", error.what());
    return static_cast<int>(error.code());
  }
}
