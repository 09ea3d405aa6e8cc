#pragma once

#include <map>
#include <string>

#include "fl/aggregate/average.h"

namespace consilium::fl {

/// What one site's update was beside the others of its round. It judges nobody: a hospital with rare patients looks odd as well.
struct Contribution {
  double norm = 0;            ///< length of the update
  double cosine = 0;          ///< of the angle to the mean of all, weighted by their cases; [-1, 1]
  double leave_one_out = 0;   ///< how far that mean moves without this site, in lengths of the mean
  double likeness = 0;        ///< greatest cosine to the update of another site, within 0.8 % (fl/aggregate/sketch.h); -1 where there is no other, -2 where it was not measured
  bool operator==(const Contribution&) const = default;
};

/// Of every site with an update of this round, by name; of a group over the sites that trained it. One pass over the updates, and one for the sketches.
std::map<std::string, Contribution> contributions(const ModelState& global, std::span<const Update> updates);

/// Among more sites likeness is not measured: every two are compared.
inline constexpr std::size_t kMostCompared = 256;

/// Two sites whose updates are so much alike have the same data, or are one: honest sites with the same patients differ by the order of their batches.
inline constexpr double kSameUpdate = 0.999;

/// What a coordinator says of a site's update, in its report: the words are its own, and no site's.
inline constexpr const char* kContributionMetrics[] = {"update_norm", "cosine_to_mean", "leave_one_out", "likeness", "rule_weight", "shared_cases"};

/// Adds a contribution as the first four of them.
void note(const Contribution& contribution, std::map<std::string, double>& metrics);

}  // namespace consilium::fl
