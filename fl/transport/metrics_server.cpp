#include "fl/transport/metrics_server.h"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/metric_family.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "base/error.h"

namespace consilium::fl {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::array kStates{SiteState::kEnrolled, SiteState::kConnected, SiteState::kConfiguring, SiteState::kFetching, SiteState::kValidating, SiteState::kTraining, SiteState::kUploading, SiteState::kWaiting, SiteState::kDisconnected, SiteState::kDone};

/// Metrics of one name; those of sites have the site as their label.
class Family {
 public:
  Family(MetricType type, std::string name, std::string help) : family_{std::move(name), std::move(help), type, {}} {}
  Family& add(double value, std::vector<ClientMetric::Label> labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    (family_.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    family_.metric.push_back(std::move(metric));
    return *this;
  }
  const MetricFamily& family() const { return family_; }

 private:
  MetricFamily family_;
};

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double pages = 0, resident = 0;
  file >> pages >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

void add_sites(const RunStatus& status, double now, std::vector<MetricFamily>& families) {
  const auto gauge = MetricType::Gauge;
  Family state(gauge, "consilium_site_state", "1 for the state that a site is in, 0 for the others"), connected(gauge, "consilium_site_connected", "1 while a site holds its connection"),
      configured(gauge, "consilium_site_configured", "1 when a site has read its data"), seen(gauge, "consilium_site_last_seen_seconds", "seconds since a site was last heard of"),
      byte(gauge, "consilium_site_last_byte_seconds", "seconds since bytes of an update last came"), progress(gauge, "consilium_site_training_ratio", "steps done of the open round's training"),
      loss(gauge, "consilium_site_loss", "training loss that a site told last"), cases(gauge, "consilium_site_cases", "cases that a site trains on"),
      bytes(MetricType::Counter, "consilium_bytes_total", "bytes of models to a site (out) and of updates from it (in)"), rounds(gauge, "consilium_site_rounds", "closed rounds by what became of a site in them");
  for (const auto& [name, site] : status.sites) {
    for (const SiteState known : kStates) state.add(known == site.state ? 1 : 0, {{"site", name}, {"state", std::string(to_string(known))}});
    connected.add(site.is_connected ? 1 : 0, {{"site", name}});
    configured.add(site.is_configured ? 1 : 0, {{"site", name}});
    if (site.last_seen > 0) seen.add(std::max(0.0, now - site.last_seen), {{"site", name}});
    if (site.last_byte > 0) byte.add(std::max(0.0, now - site.last_byte), {{"site", name}});
    if (site.steps > 0) progress.add(static_cast<double>(site.step) / static_cast<double>(site.steps), {{"site", name}});
    if (site.loss) loss.add(*site.loss, {{"site", name}});
    if (site.cases >= 0) cases.add(static_cast<double>(site.cases), {{"site", name}});
    bytes.add(static_cast<double>(site.bytes_in), {{"site", name}, {"direction", "in"}});
    bytes.add(static_cast<double>(site.bytes_out), {{"site", name}, {"direction", "out"}});
    rounds.add(static_cast<double>(site.accepted), {{"site", name}, {"outcome", "accepted"}});
    rounds.add(static_cast<double>(site.rejected), {{"site", name}, {"outcome", "rejected"}});
    rounds.add(static_cast<double>(site.late), {{"site", name}, {"outcome", "late"}});
  }
  for (const Family* family : {&state, &connected, &configured, &seen, &byte, &progress, &loss, &cases, &bytes, &rounds}) families.push_back(family->family());
}

std::vector<MetricFamily> families_of(const RunStatus& status, double now) {
  const auto gauge = MetricType::Gauge;
  std::vector<MetricFamily> families;
  const auto single = [&](const char* name, const char* help, double value) { families.push_back(Family(gauge, name, help).add(value).family()); };
  families.push_back(Family(MetricType::Counter, "consilium_rounds_closed_total", "rounds that are closed, the last look too").add(static_cast<double>(status.rounds_closed)).family());
  single("consilium_rounds", "rounds of training that the run has", static_cast<double>(status.rounds));
  Family updates(MetricType::Counter, "consilium_updates_total", "updates that came, by what was made of them");
  for (const char* outcome : {"accepted", "rejected", "late", "duplicate"}) {
    const auto found = status.updates.find(outcome);
    updates.add(found == status.updates.end() ? 0 : static_cast<double>(found->second), {{"outcome", outcome}});
  }
  families.push_back(updates.family());
  const auto closed = std::find_if(status.recent.rbegin(), status.recent.rend(), [](const RoundStatus& round) { return round.closed > 0; });
  if (closed != status.recent.rend()) single("consilium_round_seconds", "time that the last closed round took", closed->closed - closed->opened);
  if (!status.recent.empty() && status.recent.back().closed == 0) {
    single("consilium_round_open_seconds", "age of the open round", std::max(0.0, now - status.recent.back().opened));
    single("consilium_round_waits_for_quorum", "1 while the open round's time is up and its quorum is not there", status.recent.back().waits_for_quorum ? 1 : 0);
    single("consilium_round_waits_for_cases", "1 while the open round's time is up and the sites that own most of the cases are not there", status.recent.back().waits_for_cases ? 1 : 0);
  }
  if (status.validation) single("consilium_validation_score", "validation of the model that the last closed round began with: mean Dice over the sites' own validation cases", *status.validation);
  single("consilium_warnings", "things that a person has to know, as consilium status prints them", static_cast<double>(warnings(status, now).size()));
  Family refused(MetricType::Counter, "consilium_refused_total", "callers with a certificate of this federation who were turned away, told once a minute each");
  for (const auto& [name, refusal] : status.refused) refused.add(static_cast<double>(refusal.times), {{"name", name}});
  families.push_back(refused.family());
  single("process_resident_memory_bytes", "memory of the coordinator", resident_bytes());
  add_sites(status, now, families);
  std::erase_if(families, [](const MetricFamily& family) { return family.metric.empty(); });
  return families;
}

struct Source final : prometheus::Collectable {
  std::function<RunStatus()> status;
  std::function<double()> now;
  std::vector<MetricFamily> Collect() const override { return families_of(status(), now()); }
};

}  // namespace

struct MetricsServer::Server {
  std::shared_ptr<Source> source = std::make_shared<Source>();
  std::unique_ptr<prometheus::Exposer> exposer;
};

MetricsServer::MetricsServer(const std::string& listen, std::function<RunStatus()> status, std::function<double()> now) : server_(std::make_unique<Server>()) {
  server_->source->status = std::move(status);
  server_->source->now = std::move(now);
  try {
    server_->exposer = std::make_unique<prometheus::Exposer>(listen, 1);
  } catch (const std::exception& error) {
    throw Error(ErrorCode::kUnreachable, "metrics_listen: cannot listen at " + listen + ": is the port in use, or the address not of this machine? (" + error.what() + ")");
  }
  server_->exposer->RegisterCollectable(server_->source);
}
MetricsServer::~MetricsServer() = default;

int MetricsServer::port() const {
  const auto ports = server_->exposer->GetListeningPorts();
  return ports.empty() ? 0 : ports.front();
}

}  // namespace consilium::fl
