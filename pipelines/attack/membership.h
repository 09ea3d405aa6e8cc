#pragma once

#include <atomic>
#include <vector>

#include "pipelines/attack/labelled_cases.h"
#include "pipelines/attack/membership_results.h"
#include "pipelines/segment.h"

namespace consilium::pipelines {

/// Measures the loss of every case under the model, and under `reference` where there is one.
/// @throws Error{kMismatch} a reference model of other settings of data; Error{kInterrupted}; as case_loss.
MembershipResults attack_membership(const LoadedModel& model, const std::vector<PreparedCase>& members, const std::vector<PreparedCase>& others, const LoadedModel* reference = nullptr, const std::atomic<bool>* stop = nullptr);

}  // namespace consilium::pipelines
