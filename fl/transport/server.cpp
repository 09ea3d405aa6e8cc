#include "fl/transport/server.h"

#include <grpcpp/grpcpp.h>
#include <malloc.h>

#include <chrono>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "fl/enrol/door.h"
#include "fl/round_protocols.h"
#include "fl/run_store.h"
#include "fl/transport/channel.h"
#include "fl/transport/enrolment_server.h"
#include "fl/transport/federation_service.h"
#include "fl/transport/ledger_service.h"
#include "fl/transport/listen.h"
#include "fl/transport/member_services.h"
#include "fl/transport/metrics_server.h"
#include "fl/transport/progress_service.h"
#include "fl/transport/tensorboard_file.h"

namespace consilium::fl {
namespace {

/// Prometheus' way to the run's figures, if the settings want one.
std::unique_ptr<MetricsServer> metrics_server(const CoordinatorOptions& options, const Observer& observer) {
  if (options.metrics_listen.empty()) return nullptr;
  auto metrics = std::make_unique<MetricsServer>(options.metrics_listen, [&observer] { return observer.status(); }, [&observer] { return observer.now(); });
  const std::string address = host_of(options.metrics_listen) + ":" + std::to_string(metrics->port());
  write_file(options.folder / "metrics_address", address + "\n");
  log_line("metrics at http://" + address + "/metrics");
  return metrics;
}

/// What messages leave in the allocator are gaps, and they grow with the rounds: now and then their pages go back to the kernel. Not in every round: short ones would ask for all of them anew.
class GapCloser {
 public:
  void round_closed() {
    if (steady_seconds() - last_ < kSeconds) return;
    malloc_trim(0);
    last_ = steady_seconds();
  }

 private:
  static constexpr double kSeconds = 1;
  double last_ = steady_seconds();
};

RunState serve(const CoordinatorOptions& options, Coordinator coordinator, RunStore store, Observer& observer, const std::function<void(const RoundReport&)>& on_round, const std::atomic<bool>* stop) {
  const auto credentials = server_credentials(options.tls, options.name);
  const fs::path keys = options.tls.authority.parent_path();
  const std::size_t site_count = coordinator.settings().sites.size();
  Door door({.keys = keys, .refused = options.folder / "refused.json", .sites = coordinator.settings().sites, .on_refusal = [&](const std::string& who, const std::string& why) { observer.refused(who, why); }});
  const auto round_closed = [&on_round, gaps = GapCloser()](const RoundReport& report) mutable {
    if (on_round) on_round(report);
    gaps.round_closed();
  };
  FederationService service(std::move(coordinator), std::move(store), door, observer, options.folder, round_closed);
  ProgressService progress(observer, door, options.folder);
  const auto metrics = metrics_server(options, observer);
  const auto more_services = member_services(keys, door);
  LedgerService ledger(options.folder, door);
  std::vector<grpc::Service*> services{&service, &progress, &ledger};
  for (const auto& more : more_services) services.push_back(more.get());
  const Listening listening = listen_at(options.listen, credentials, services, {.name = "coordinator"});
  write_file(options.folder / "address", listening.address + "\n");
  log_line("coordinator listens at " + listening.address + " for " + std::to_string(site_count) + " sites");
  std::optional<EnrolmentServer> enrolment;
  if (!options.enrolment.empty()) {
    enrolment.emplace(EnrolmentOptions{options.enrolment, options.name, keys}, door);
    write_file(options.folder / "enrolment_address", enrolment->address() + "\n");
    log_line("enrolment at " + enrolment->address());
  }
  const auto end_in_order = [&] {
    service.close();
    progress.close();
    listening.server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(5));  // who follows hears of the end, also on a slow machine
    door.close();
  };
  try {
    while (!(stop != nullptr && *stop) && !service.advance()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      service.rethrow_failure();
      service.require_hope();
      door.tick();
    }
    if (service.advance()) service.linger(options.linger_seconds, stop);
    else observer.stopped();
  } catch (const Error&) {
    end_in_order();
    throw;
  }
  end_in_order();
  export_ledger(options.folder);
  return with_whole_reports(service.take_state(), options.folder);
}

}  // namespace

RunState run_coordinator(const CoordinatorOptions& options, const FederationSettings& settings, ModelState initial, const std::function<void(const RoundReport&)>& on_round, const std::atomic<bool>* stop) {
  mallopt(M_ARENA_MAX, 1);  // gRPC's threads come and go; what each freed would stay in an arena of its own: with many, 140 MB instead of 90 for ten sites of 22 MB
  mallopt(M_TRIM_THRESHOLD, 16 << 20);  // buffers of messages come and go too: their pages are kept, and not asked for anew with every one
  read_tls_files(options.tls, Role::kCoordinator, options.name);  // before a folder is made
  RunStore store(options.folder, settings);
  auto saved = store.load();
  const bool is_new = !saved;
  if (saved) initial = {};
  Coordinator coordinator = is_new ? Coordinator(settings, std::move(initial), steady_seconds()) : Coordinator(settings, *std::move(saved), steady_seconds());
  begin_ledger(store, options);
  if (is_new) store.save(coordinator.state());
  if (!settings.protection.is_plain()) coordinator.use_protocol(protocol_maker(settings, {store.federation(), check_by_authority(options.tls.authority), options.folder / "protocol"}));
  Observer observer(options.folder, coordinator);
  TensorboardFile tensorboard(options.folder);
  observer.on_event([&](const Event& event) { tensorboard.add(event); });
  try {
    return serve(options, std::move(coordinator), std::move(store), observer, on_round, stop);
  } catch (const Error& error) {
    observer.failed(error.code());
    throw;
  }
}

}  // namespace consilium::fl
