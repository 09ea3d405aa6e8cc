#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/rng.h"
#include "base/settings.h"

namespace consilium::fl {

/// A quantity of which three figures are known; in between it is taken to be linear in probability.
struct Distribution {
  double least = 0;
  double median = 0;
  double most = 0;

  bool operator==(const Distribution&) const = default;
};

/// `probability` in [0, 1]: 0 is the least, 0.5 the median, 1 the most.
double quantile(const Distribution& distribution, double probability);

/// `count` values as a table of `rows` sites with these three figures would hold them: the quantiles at equal steps, ends included, in random order, dealt like
/// cards; a new pack is opened when one is used up. With `count` below `rows` no value comes twice.
std::vector<double> deal(const Distribution& distribution, std::size_t count, std::size_t rows, Rng rng);

/// Keys: least, median, most. @throws Error{kUsage} they are not in this order, or below `lowest`.
void read_distribution(SettingsReader& reader, const std::string& key, Distribution& distribution, double lowest);
Json to_json(const Distribution& distribution);

}  // namespace consilium::fl
