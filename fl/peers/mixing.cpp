#include "fl/peers/mixing.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "base/error.h"

namespace consilium::fl {
namespace {

std::vector<std::set<std::size_t>> neighbours_of(const std::vector<std::string>& names, const Links& links) {
  std::vector<std::set<std::size_t>> neighbours(names.size());
  const auto place = [&](const std::string& name) {
    const auto found = std::find(names.begin(), names.end(), name);
    require(found != names.end(), ErrorCode::kUsage, "links: \"" + name + "\" is none of the peers");
    return static_cast<std::size_t>(found - names.begin());
  };
  for (const auto& [a, b] : links) {
    const std::size_t i = place(a), j = place(b);
    if (i == j) continue;
    neighbours[i].insert(j);
    neighbours[j].insert(i);
  }
  return neighbours;
}

void require_connected(const std::vector<std::string>& names, const std::vector<std::set<std::size_t>>& neighbours) {
  std::vector<std::size_t> open{0};
  std::set<std::size_t> reached{0};
  while (!open.empty()) {
    const std::size_t at = open.back();
    open.pop_back();
    for (const std::size_t next : neighbours[at])
      if (reached.insert(next).second) open.push_back(next);
  }
  for (std::size_t n = 0; n < names.size(); ++n) require(reached.contains(n), ErrorCode::kUsage, "links: no way leads from \"" + names[0] + "\" to \"" + names[n] + "\"");
}

}  // namespace

Links ring_links(const std::vector<std::string>& names) {
  Links links;
  for (std::size_t n = 0; n < names.size(); ++n) links.emplace_back(names[n], names[(n + 1) % names.size()]);
  return links;
}

MixingMatrix metropolis_weights(const std::vector<std::string>& names, const Links& links) {
  const auto neighbours = neighbours_of(names, links);
  require_connected(names, neighbours);
  MixingMatrix weights(names.size(), std::vector<double>(names.size(), 0));
  for (std::size_t i = 0; i < names.size(); ++i) {
    double given = 0;
    for (const std::size_t j : neighbours[i]) {
      weights[i][j] = 1 / (2 * static_cast<double>(std::max(neighbours[i].size(), neighbours[j].size())));
      given += weights[i][j];
    }
    weights[i][i] = 1 - given;
  }
  return weights;
}

std::vector<double> mix(const MixingMatrix& weights, const std::vector<double>& x) {
  std::vector<double> mixed;
  for (const std::vector<double>& row : weights) mixed.push_back(std::inner_product(row.begin(), row.end(), x.begin(), 0.0));
  return mixed;
}

double second_eigenvalue(const MixingMatrix& weights) {
  // Power iteration on W - 11^T / n, squared by taking two steps at a time: its eigenvalues are those of W without the first.
  const std::size_t n = weights.size();
  std::vector<double> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = std::sin(static_cast<double>(i + 1));  // not orthogonal to anything by design
  const auto step = [&](const std::vector<double>& from) {
    const double mean = std::accumulate(from.begin(), from.end(), 0.0) / static_cast<double>(n);
    std::vector<double> centred = from;
    for (double& value : centred) value -= mean;
    return mix(weights, centred);
  };
  const auto norm = [](const std::vector<double>& v) { return std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0)); };
  double squared = 0;
  for (int k = 0; k < 20000; ++k) {
    const double before = norm(x);
    if (before < 1e-150) return 0;
    for (double& value : x) value /= before;
    x = step(step(x));
    const double now = norm(x);
    if (std::abs(now - squared) < 1e-15) return std::sqrt(now);
    squared = now;
  }
  return std::sqrt(squared);
}

}  // namespace consilium::fl
