#pragma once

#include "pipelines/join_federation.h"

namespace consilium::pipelines {

/// join_federation without coordinator: FOLDER/peer holds the state, FOLDER/model.safetensors at the end the best model (gossip: this site's).
/// @throws as run_peer, ready_initial_model and prepare_site.
ModelState join_peers(const JoinSettings& settings, const std::function<void(const std::string&)>& on_event, const std::atomic<bool>* stop = nullptr);

}  // namespace consilium::pipelines
