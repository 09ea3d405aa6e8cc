#include <cstdio>
#include <cstdlib>

#include "base/error.h"
#include "base/rng.h"
#include "fl/transport/client.h"
#include "fl/transport/peer_site.h"
#include "fl/transport/relay_server.h"
#include "fl/transport/server.h"
#include "models/state/safetensors.h"
#include "tests/fl/noise_trainer.h"

// A coordinator, site, peer or relay of a toy federation as a process that can be killed.
//   toy_process coordinator KEYS FOLDER LISTEN ROUNDS PARAMETERS [PROTECTION] SITE...    (PROTECTION: JSON, as in a coordinator's settings)
//   toy_process site KEYS NAME FOLDER ADDRESS MILLISECONDS
//   toy_process relay KEYS FOLDER LISTEN SITE...
//   toy_process peer KEYS NAME FOLDER RELAY MILLISECONDS TOPOLOGY ROUNDS SITE=ADDRESS...    (an empty ADDRESS: it is not dialled)
namespace consilium::fl {
namespace {

void run_toy_peer(const std::vector<std::string>& words) {
  const std::string& name = words.at(2);
  PeerSettings settings{.rounds = std::stoll(words.at(7)), .deadline_seconds = 3600, .liveness_seconds = 15};
  for (const auto& [word, topology] : topology_words())
    if (word == words.at(6)) settings.topology = topology;
  PeerSiteOptions options{.name = name, .tls = tls_files(words.at(1), name), .folder = words.at(3), .relays = {words.at(4)}, .gather_seconds = 120, .linger_seconds = 20};
  for (std::size_t n = 8; n < words.size(); ++n) {
    const std::size_t equals = words[n].find('=');
    const std::string site = words[n].substr(0, equals), address = words[n].substr(equals + 1);
    settings.peers.push_back(site);
    if (site == name) options.listen = address;
    else if (!address.empty()) options.addresses[site] = address;
  }
  test::NoiseTrainer trainer(name, std::stoi(words.at(5)));
  const PeerRecord record = run_peer(options, settings, test::noise_model(), trainer, [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); });
  write_safetensors(options.folder / "model.safetensors", record.best);
}

int run(const std::vector<std::string>& words) {
  if (words.at(0) == "peer") {
    run_toy_peer(words);
    return 0;
  }
  if (words.at(0) == "relay") {
    run_relay({.listen = words.at(3), .name = "relay", .tls = tls_files(words.at(1), "relay"), .folder = words.at(2), .sites = {words.begin() + 4, words.end()}}, nullptr);
    return 0;
  }
  if (words.at(0) == "coordinator") {
    const bool is_protected = words.at(6).starts_with('{');
    FederationSettings settings{.sites = {words.begin() + (is_protected ? 7 : 6), words.end()}, .rounds = std::stoll(words.at(4)), .deadline_seconds = 3600};
    const Json protection = parse_json(is_protected ? words[6] : "{}", "PROTECTION");
    SettingsReader reader(protection, "PROTECTION");
    read_protection_settings(reader, settings.protection);
    test::compare_groups(settings);
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
