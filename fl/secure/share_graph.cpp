#include "fl/secure/share_graph.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "fl/secure/chacha20.h"

namespace consilium::fl {
namespace {

/// Uniform below `bound`, from a key stream: numbers of the last, incomplete stretch are drawn again.
class PublicDraw {
 public:
  explicit PublicDraw(std::string_view seed) : key_(seed) {}
  std::uint64_t below(std::uint64_t bound) {
    const std::uint64_t most = ~std::uint64_t{0} - ~std::uint64_t{0} % bound;
    for (;;) {
      const std::uint64_t number = next();
      if (number < most) return number % bound;
    }
  }

 private:
  std::uint64_t next() {
    std::array<unsigned char, kChaChaBlockBytes> block{};
    chacha20_xor(key_, {}, counter_++, block, block);
    std::uint64_t number = 0;
    std::memcpy(&number, block.data(), sizeof number);
    return number;
  }
  Secret32 key_;
  std::uint32_t counter_ = 0;
};

double log_choose(double n, double k) { return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1); }

/// P(at least `at_least` marked ones among `drawn` of `n`, of which `marked` are marked).
double hypergeometric_tail(std::size_t n, std::size_t marked, std::size_t drawn, std::size_t at_least) {
  double sum = 0;
  for (std::size_t k = at_least; k <= std::min(marked, drawn); ++k)
    if (drawn - k <= n - marked) sum += std::exp(log_choose(static_cast<double>(marked), static_cast<double>(k)) + log_choose(static_cast<double>(n - marked), static_cast<double>(drawn - k)) - log_choose(static_cast<double>(n), static_cast<double>(drawn)));
  return sum;
}

}  // namespace

std::size_t share_threshold(std::size_t holders) { return std::max<std::size_t>(2, (2 * holders + 2) / 3); }

ShareGraph share_graph(std::size_t n, std::size_t degree, std::string_view seed) {
  require(n >= 2 && degree >= 1 && seed.size() == 32, ErrorCode::kUsage, "a graph of at least two sites, each with a neighbour, by a seed of 32 bytes");
  std::vector<std::uint32_t> place(n);
  std::iota(place.begin(), place.end(), 0U);
  PublicDraw draw(seed);
  for (std::size_t left = n; left > 1; --left) std::swap(place[left - 1], place[draw.below(left)]);  // Fisher and Yates
  ShareGraph graph(n);
  const std::size_t half = std::min((degree + 1) / 2, n / 2);
  for (std::size_t at = 0; at < n; ++at)
    for (std::size_t step = 1; step <= half; ++step)
      for (const std::size_t other : {(at + step) % n, (at + n - step) % n}) graph[place[at]].push_back(place[other]);
  for (auto& neighbours : graph) {
    std::sort(neighbours.begin(), neighbours.end());
    neighbours.erase(std::unique(neighbours.begin(), neighbours.end()), neighbours.end());
  }
  return graph;
}

std::size_t neighbours_for(std::size_t n) {
  if (n <= kAllSharesUpTo + 1) return n - 1;
  const auto share_of = [&](double share) { return static_cast<std::size_t>(std::ceil(share * static_cast<double>(n))); };
  const std::size_t colluding = share_of(kColludingShare), dropouts = share_of(kDropoutShare);
  const double twice = std::ldexp(1.0, -40) / static_cast<double>(n), lost = std::ldexp(1.0, -20) / static_cast<double>(n);
  for (std::size_t degree = 4; degree + 1 < n; degree += 2) {
    const std::size_t holders = degree + 1, needed = share_threshold(holders);
    const std::size_t two_sided = 2 * needed - holders;  // colluding holders who answer both ways open a secret twice
    if (hypergeometric_tail(n - 1, colluding, degree, two_sided) <= twice && hypergeometric_tail(n - 1, dropouts, degree, holders - needed + 1) <= lost) return degree;
  }
  return n - 1;
}

bool hides_every_part(const ShareGraph& graph, const std::vector<bool>& members, std::size_t threshold) {
  std::vector<std::uint32_t> open;
  std::vector<bool> seen(graph.size());
  std::size_t reached = 0;
  for (std::uint32_t site = 0; site < graph.size(); ++site) {
    if (!members[site]) continue;
    const auto there = static_cast<std::size_t>(std::count_if(graph[site].begin(), graph[site].end(), [&](std::uint32_t other) { return members[other]; }));
    if (there + 1 < threshold) return false;
    if (open.empty() && reached == 0) open = {site}, seen[site] = true;
    while (!open.empty()) {
      const std::uint32_t at = open.back();
      open.pop_back();
      ++reached;
      for (const std::uint32_t other : graph[at])
        if (members[other] && !seen[other]) seen[other] = true, open.push_back(other);
    }
  }
  return reached == static_cast<std::size_t>(std::count(members.begin(), members.end(), true));
}

}  // namespace consilium::fl
