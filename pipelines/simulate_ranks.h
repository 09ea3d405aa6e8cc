#pragma once

#include "pipelines/simulate.h"

namespace consilium::pipelines {

/// The federation of a run whose ranks share the sites (pipelines/crew.h): in every round each site is trained by one of the ranks, its update is left in FOLDER/updates, and the rank that
/// comes first when all are there closes the round. Models and history are, byte for byte, those of federate_in_process.
fl::FinishedRun federate_among_ranks(const FederationRequest& request);

}  // namespace consilium::pipelines
