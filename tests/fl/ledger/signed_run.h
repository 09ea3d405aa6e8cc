#pragma once

#include "base/files.h"
#include "fl/keys.h"
#include "fl/run_store.h"
#include "tests/fl/toy.h"

namespace consilium::fl::test {

/// A federation's keys, and runs of it without sockets, with a signed ledger.
struct SignedRuns {
  explicit SignedRuns(const std::vector<std::string>& sites = {"east", "north", "west"}) {
    init_authority(keys());
    issue_certificate(keys(), "hub", {.role = Role::kCoordinator, .hosts = {"localhost"}});
    for (const std::string& site : sites) issue_certificate(keys(), site);
  }
  fs::path keys() const { return folder.path() / "keys"; }
  std::string authority() const { return read_file(keys() / "ca.crt"); }
  TlsPems pems(const std::string& name, Role role = Role::kSite) const { return read_tls_files(tls_files(keys(), name), role, name); }

  /// The store of a run, which signs.
  RunStore store(const std::string& name, const FederationSettings& settings = toy_settings()) const {
    RunStore opened(folder.path() / name, settings);
    SigningKey key = SigningKey::open(folder.path() / name / "ledger.key");
    const LedgerKey certified = certify_ledger_key(key, opened.federation(), pems("hub", Role::kCoordinator));
    opened.sign_ledger(std::move(key), certified);
    return opened;
  }
  /// Closes the open round with an update of each site; `delta` makes one run differ from another.
  static void close_round(Coordinator& coordinator, RunStore& store, float delta = 1, const std::string& commitment = std::string(64, 'a')) {
    for (const std::string& site : coordinator.settings().sites) {
      Update update = toy_update(coordinator.plan(), delta, 3);
      update.commitment = commitment;
      coordinator.receive(site, update);
    }
    require(coordinator.advance(1).has_value(), ErrorCode::kUnexpected, "the round did not close");
    store.save(coordinator.state());
  }
  /// A run of all rounds and the last look.
  Ledger finished(const std::string& name, float delta = 1) const {
    RunStore opened = store(name);
    Coordinator coordinator(toy_settings(), toy_model(), 0);
    opened.save(coordinator.state());
    while (!coordinator.is_finished()) close_round(coordinator, opened, delta);
    return read_ledger(Sqlite(folder.path() / name / "run.sqlite", SqliteMode::kRead));
  }

  TemporaryFolder folder;
};

}  // namespace consilium::fl::test
