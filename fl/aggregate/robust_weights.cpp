#include "fl/aggregate/robust_weights.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace consilium::fl {
namespace {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// Sum of the squared distances of `i` to the `nearest` nearest of `others`.
double score_of(const Gram& gram, std::size_t i, const std::vector<std::size_t>& others, std::size_t nearest) {
  std::vector<double> distances;
  for (const std::size_t j : others)
    if (j != i) distances.push_back(gram.squared_distance(i, j));
  nearest = std::min(nearest, distances.size());
  std::partial_sort(distances.begin(), distances.begin() + static_cast<std::ptrdiff_t>(nearest), distances.end());
  return std::accumulate(distances.begin(), distances.begin() + static_cast<std::ptrdiff_t>(nearest), 0.0);
}

std::vector<std::size_t> all_of(const Gram& gram) {
  std::vector<std::size_t> numbers(gram.count());
  std::iota(numbers.begin(), numbers.end(), std::size_t{0});
  return numbers;
}

/// Squared distance of update i to sum b_j delta_j, without looking at a value again.
double squared_distance_to(const Gram& gram, std::size_t i, const std::vector<double>& b) {
  double cross = 0, square = 0;
  for (std::size_t j = 0; j < b.size(); ++j) {
    cross += b[j] * gram.at(i, j);
    for (std::size_t k = 0; k < b.size(); ++k) square += b[j] * b[k] * gram.at(j, k);
  }
  return std::max(0.0, gram.at(i, i) - 2 * cross + square);
}

}  // namespace

std::vector<double> capped_shares(std::span<const double> cases, double cap) {
  const std::size_t count = cases.size();
  std::vector<double> shares(cases.begin(), cases.end());
  const double most = cap / static_cast<double>(count);
  std::vector<bool> is_capped(count, false);
  for (std::size_t pass = 0; pass <= count; ++pass) {
    double free_cases = 0, left = 1;
    for (std::size_t i = 0; i < count; ++i) (is_capped[i] ? left : free_cases) += is_capped[i] ? -most : cases[i];
    bool changed = false;
    for (std::size_t i = 0; i < count; ++i) {
      shares[i] = is_capped[i] ? most : free_cases > 0 ? left * cases[i] / free_cases : 0;
      if (!is_capped[i] && shares[i] > most * (1 + 1e-12)) is_capped[i] = changed = true;
    }
    if (!changed) break;
  }
  return shares;
}

std::vector<double> norm_bounded(const Gram& gram, std::span<const double> shares, double bound) {
  if (bound <= 0) {
    std::vector<double> norms;
    for (std::size_t i = 0; i < gram.count(); ++i) norms.push_back(gram.norm(i));
    bound = median(std::move(norms));
  }
  std::vector<double> coefficients(shares.begin(), shares.end());
  for (std::size_t i = 0; i < gram.count(); ++i)
    if (gram.norm(i) > bound) coefficients[i] *= bound / gram.norm(i);
  return coefficients;
}

std::vector<double> krum_scores(const Gram& gram, std::size_t attackers) {
  require(gram.count() >= 2 * attackers + 3, ErrorCode::kUsage, "krum against " + std::to_string(attackers) + " attackers needs " + std::to_string(2 * attackers + 3) + " updates, there are " + std::to_string(gram.count()));
  std::vector<double> scores;
  for (std::size_t i = 0; i < gram.count(); ++i) scores.push_back(score_of(gram, i, all_of(gram), gram.count() - attackers - 2));
  return scores;
}

std::vector<double> multi_krum(const Gram& gram, std::size_t attackers, std::size_t keep) {
  const std::vector<double> scores = krum_scores(gram, attackers);
  require(keep >= 1 && keep <= gram.count(), ErrorCode::kUsage, "multi-krum cannot keep " + std::to_string(keep) + " of " + std::to_string(gram.count()) + " updates");
  std::vector<std::size_t> order = all_of(gram);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  std::vector<double> coefficients(gram.count(), 0);
  for (std::size_t n = 0; n < keep; ++n) coefficients[order[n]] = 1.0 / static_cast<double>(keep);
  return coefficients;
}

std::vector<std::size_t> bulyan_choice(const Gram& gram, std::size_t attackers) {
  require(gram.count() >= 4 * attackers + 3, ErrorCode::kUsage, "bulyan against " + std::to_string(attackers) + " attackers needs " + std::to_string(4 * attackers + 3) + " updates, there are " + std::to_string(gram.count()));
  std::vector<std::size_t> left = all_of(gram), chosen;
  while (chosen.size() < gram.count() - 2 * attackers) {
    const std::size_t nearest = left.size() > attackers + 2 ? left.size() - attackers - 2 : 1;
    const auto best = std::min_element(left.begin(), left.end(), [&](std::size_t a, std::size_t b) { return score_of(gram, a, left, nearest) < score_of(gram, b, left, nearest); });
    chosen.push_back(*best);
    left.erase(best);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

std::vector<double> geometric_median(const Gram& gram, int iterations) {
  constexpr double kSmoothing = 1e-6;
  std::vector<double> b(gram.count(), 1.0 / static_cast<double>(gram.count()));
  for (int step = 0; step < iterations; ++step) {
    std::vector<double> next(b.size());
    for (std::size_t i = 0; i < b.size(); ++i) next[i] = 1 / std::max(kSmoothing, std::sqrt(squared_distance_to(gram, i, b)));
    const double total = std::accumulate(next.begin(), next.end(), 0.0);
    for (double& value : next) value /= total;
    b = std::move(next);
  }
  return b;
}

std::vector<double> fl_trust(const Gram& gram, std::size_t root) {
  std::vector<double> coefficients(gram.count(), 0);
  double total = 0;
  for (std::size_t i = 0; i < gram.count(); ++i) {
    if (i == root || gram.norm(i) == 0) continue;
    const double trust = std::max(0.0, gram.cosine(i, root));
    coefficients[i] = trust * gram.norm(root) / gram.norm(i);
    total += trust;
  }
  for (double& value : coefficients) value = total > 0 ? value / total : 0;
  return coefficients;
}

std::vector<double> fools_gold(const Gram& histories) {
  const std::size_t count = histories.count();
  std::vector<double> likeness(count, 0);  // to the site that is most alike
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t j = 0; j < count; ++j)
      if (i != j) likeness[i] = std::max(likeness[i], histories.cosine(i, j));
  std::vector<double> weights(count, 1);
  for (std::size_t i = 0; i < count; ++i) {
    double worst = 0;
    for (std::size_t j = 0; j < count; ++j) {
      if (i == j) continue;
      // An honest site that resembles a Sybil is pardoned by how much less it resembles others.
      const double pardon = likeness[j] > likeness[i] ? likeness[i] / likeness[j] : 1;
      worst = std::max(worst, histories.cosine(i, j) * pardon);
    }
    weights[i] = std::clamp(1 - worst, 0.0, 1.0);
  }
  const double most = count > 0 ? *std::max_element(weights.begin(), weights.end()) : 0;
  for (double& weight : weights) {
    // What rounding leaves of two equal histories is no weight to be scaled up.
    weight = most > 1e-6 ? weight / most : 0;
    weight = std::min(weight, 0.99);
    weight = weight <= 0 ? 0 : std::clamp(std::log(weight / (1 - weight)) + 0.5, 0.0, 1.0);
  }
  return weights;
}

}  // namespace consilium::fl
