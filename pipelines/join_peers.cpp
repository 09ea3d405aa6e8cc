#include "pipelines/join_peers.h"

#include "base/error.h"
#include "base/folder_lock.h"
#include "fl/federation_settings.h"
#include "fl/transport/peer_site.h"
#include "models/state/safetensors.h"
#include "pipelines/data_trainer.h"
#include "pipelines/initial_model_file.h"
#include "pipelines/local_training.h"
#include "pipelines/model_metadata.h"

namespace consilium::pipelines {
namespace {

constexpr int kMostRounds = 1000000;

/// Rounds and task are the initial model's.
fl::PeerSettings with_task(fl::PeerSettings federation, const ModelFile& initial, const std::string& origin) {
  const Json training = training_metadata(initial, origin);
  const auto rounds = training.find("rounds");
  require(rounds != training.end() && rounds->is_number_integer() && rounds->get<std::int64_t>() <= kMostRounds, ErrorCode::kUnsupported, origin + ": its training settings name no rounds");
  federation.rounds = rounds->get<std::int64_t>();
  federation.task = training.dump();
  require_rule_fits(fl::to_json(federation.aggregation), training, "peers");
  require_topology_fits(federation.topology, training, "peers");
  return federation;
}

}  // namespace

ModelState join_peers(const JoinSettings& settings, const std::function<void(const std::string&)>& on_event, const std::atomic<bool>* stop) {
  const PeersSettings& peers = *settings.peers;
  const FolderLock lock(settings.folder);
  const fs::path initial_file = ready_initial_model(peers.initial_model, settings.folder);
  const ModelFile initial = read_safetensors(initial_file);
  const fl::PeerSettings federation = with_task(peers.federation, initial, initial_file.string());
  fl::PeerSiteOptions options{.name = settings.name, .tls = fl::tls_files(settings.keys, settings.name), .folder = settings.folder, .listen = peers.listen, .addresses = peers.addresses, .run = peers.run, .gather_seconds = peers.gather_seconds, .linger_seconds = peers.linger_seconds};
  options.addresses.erase(settings.name);
  if (!peers.relay.empty()) options.relays = fl::split_addresses(peers.relay);
  fl::SiteProgress progress;
  const auto trainer = data_trainer(settings, progress, on_event, stop);
  const fl::PeerRecord record = fl::run_peer(options, federation, initial.state, *trainer, on_event, stop);
  const bool is_own = federation.topology == fl::Topology::kGossip;  // there is no common best
  const std::int64_t trainings = is_own ? federation.rounds : record.run.best_round;
  ModelState model = finished_at_site(settings, federation.task, is_own ? record.run.global : record.best, trainings);
  write_safetensors(fs::path(settings.folder) / "model.safetensors", model, metadata_at_site(settings, federation.task, trainings));
  return model;
}

}  // namespace consilium::pipelines
