#pragma once

#include "pipelines/simulate.h"

namespace consilium::pipelines {

/// The sites as peers without coordinator, by the settings' topology, on a calm network in virtual time. Each keeps its record in FOLDER/sites/NAME/peer; started again, it
/// goes on from there.
///
/// Ring, swarm and cyclic end with one model everywhere. Gossip ends with a model per site (peer_model_file); their mean is what is returned, and in its reports
/// each site speaks of its own model.
/// @throws as run_peers_in_process, and PeerStore.
fl::FinishedRun federate_peers(const FederationRequest& request);

/// Where gossip leaves a site's own model.
std::filesystem::path peer_model_file(const FederationRequest& request, const std::string& site);

}  // namespace consilium::pipelines
