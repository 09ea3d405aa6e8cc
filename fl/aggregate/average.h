#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "fl/update.h"

namespace consilium::fl {

/// A block of one tensor's mean update: values [begin, begin + mean.size()) of tensor number `tensor`.
struct AveragedBlock {
  std::size_t tensor = 0;
  std::size_t begin = 0;
  std::span<const double> mean;
  double total = 0;  ///< sum of the weights that went into the mean
};

/// A site's say by its name, at least 0; a site that is not named has none.
using SiteWeights = std::map<std::string, double>;

/// A site's say in the mean of a group, at least 0. Asked for sites that trained the group only.
using Weighting = std::function<double(const Update& update, const std::string& group)>;
Weighting by_cases();
Weighting by_site(SiteWeights weights);

/// In the order of their names and rounds: sums over sites then do not depend on the order of arrival. @throws Error{kUsage} a site occurs twice for one round.
std::vector<const Update*> sorted_by_site(std::span<const Update> updates);

/// Did the site train this tensor of the global model on a case, and send it?
bool is_trained(const Update& update, const NamedTensor& tensor);

/// Mean over sites of delta_site weighted by n_site, group by group: a group is averaged only over the sites that trained it, weighted by
/// their cases of that group, or as `weighting` says; an update that came late adds discount * delta_site (sum of n_i d_i delta_i over sum of n_i). `use` is called once for every block of every tensor that somebody trained, from several threads, never twice
/// for one value; a tensor that nobody trained is left out.
///
/// Sums run in float64 over sites in the order of their names, so the result does not depend on the order of arrival, bit for bit. Memory: one
/// block per thread, however many sites there are, where the updates lie on disk.
/// @throws Error{kUsage} a site occurs twice for one round; Error{kCorruptData} naming the site whose values are not finite; and as require_fits (rounds and digests are the caller's to check).
void average_deltas(const ModelState& global, std::span<const Update> updates, const std::function<void(const AveragedBlock&)>& use, const Weighting& weighting = by_cases());

}  // namespace consilium::fl
