#include "fl/transport/offers.h"

#include "base/error.h"
#include "fl/transport/ledger_service.h"

namespace consilium::fl {

void Offers::renew(const Coordinator& coordinator, const RunStore& store) {
  const RunState& state = coordinator.state();
  const FederationSettings& settings = coordinator.settings();
  const bool finished = coordinator.is_finished();
  announced_.finished = finished;
  announced_.best_round = finished ? state.best_round : 0;
  announced_.plan = finished ? RoundPlan{state.round, settings.rounds, state.reports.at(static_cast<std::size_t>(state.best_round)).base_digest, settings.task, {}, settings.protection} : coordinator.plan();
  announced_.federation = store.federation();
  announced_.ledger = ledger_head_text(store);
  model_ = std::make_shared<const Parcel>(Parcel{announced_.plan.base_digest, finished ? chunks_of_file(store.best_file()) : FileChunks{OpenFile(store.global_file(), false), coordinator.global_chunks()}});
  announced_.model = model_->chunks.list;
  renew_stage(coordinator);
}

void Offers::renew_stage(const Coordinator& coordinator) {
  stage_version_ = coordinator.stage_version();
  const fs::path file = coordinator.protocol() == nullptr ? fs::path() : coordinator.protocol()->stage_file();
  if (file.empty()) {
    stage_file_.reset();
    announced_.stage_file = {};
  } else {
    FileChunks chunks = chunks_of_file(file);
    announced_.stage_file = chunks.list;
    stage_file_ = std::make_shared<const Parcel>(Parcel{digest_of(chunks.list), std::move(chunks)});
  }
  ++version_;
}

Announced Offers::announced_to(const std::string& site, const Coordinator& coordinator) const {
  Announced announced = announced_;
  announced.idle = !announced.finished && !coordinator.is_asked(site);
  if (coordinator.protocol() != nullptr && !announced.idle) announced.stage = coordinator.protocol()->stage_for(site);
  return announced;
}

std::shared_ptr<const Parcel> Offers::parcel(const std::string& digest) const {
  const auto& wanted = stage_file_ && digest == stage_file_->digest ? stage_file_ : model_;
  require(digest == wanted->digest, ErrorCode::kNotFound, "that model is not offered any more; the newest announcement names the one that is");
  return wanted;
}

}  // namespace consilium::fl
