#include "pipelines/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace consilium::pipelines {
namespace {

/// Ranks of |difference| from 1, ties share their mean; `ties` gets the sum of t^3 - t.
std::vector<double> ranks_of(const std::vector<double>& sizes, double& ties) {
  std::vector<std::size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return sizes[a] < sizes[b]; });
  std::vector<double> ranks(sizes.size());
  ties = 0;
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    while (last + 1 < order.size() && sizes[order[last + 1]] == sizes[order[first]]) ++last;
    const auto count = static_cast<double>(last - first + 1);
    ties += count * count * count - count;
    for (std::size_t n = first; n <= last; ++n) ranks[order[n]] = 0.5 * static_cast<double>(first + last) + 1;
    first = last + 1;
  }
  return ranks;
}

/// P(W <= w) of n untied differences, by counting the subsets of 1..n with each sum.
double exact_cdf(std::size_t n, double w) {
  std::vector<double> ways(n * (n + 1) / 2 + 1, 0);
  ways[0] = 1;
  for (std::size_t rank = 1; rank <= n; ++rank)
    for (std::size_t sum = ways.size(); sum-- > rank;) ways[sum] += ways[sum - rank];
  double below = 0;
  for (std::size_t sum = 0; sum < ways.size() && static_cast<double>(sum) <= w; ++sum) below += ways[sum];
  return below / std::exp2(static_cast<double>(n));
}

/// Regularised incomplete beta function by its continued fraction. Source: Abramowitz and Stegun 26.5.8.
double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incomplete_beta(b, a, 1 - x);
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x)) / a;
  constexpr double kTiny = 1e-300;
  double c = 1, d = 1 / std::max(1 - (a + b) * x / (a + 1), kTiny), result = d;
  for (int m = 1; m < 500; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                 odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    for (const double step : {even, odd}) {
      d = 1 + step * d;
      c = 1 + step / c;
      if (std::abs(d) < kTiny) d = kTiny;
      if (std::abs(c) < kTiny) c = kTiny;
      d = 1 / d;
      result *= d * c;
    }
    if (std::abs(d * c - 1) < 1e-15) break;
  }
  return front * result;
}

void require_finite(std::span<const double> values) {
  require(std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); }), ErrorCode::kUsage,
          "a test or an interval needs finite values");
}

/// Probability that Student's t of `freedom` degrees lies further from 0 than `t`.
double two_sided_t(double t, double freedom) { return incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t)); }

struct Moments {
  double mean, squares;  ///< sum of squared deviations
};

Moments moments_of(std::span<const double> values) {
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  double squares = 0;
  for (const double v : values) squares += (v - mean) * (v - mean);
  return {mean, squares};
}

}  // namespace

TestResult wilcoxon_signed_rank(std::span<const double> differences) {
  require_finite(differences);
  std::vector<double> sizes, kept;
  for (const double d : differences)
    if (d != 0) kept.push_back(d), sizes.push_back(std::abs(d));
  if (kept.empty()) return {0, 1};
  double ties = 0;
  const std::vector<double> ranks = ranks_of(sizes, ties);
  double plus = 0, minus = 0;
  for (std::size_t n = 0; n < kept.size(); ++n) (kept[n] > 0 ? plus : minus) += ranks[n];
  const double w = std::min(plus, minus);
  const auto n = static_cast<double>(kept.size());
  if (ties == 0 && kept.size() <= 50) return {w, std::min(1.0, 2 * exact_cdf(kept.size(), w))};
  const double mean = n * (n + 1) / 4, deviation = std::sqrt((n * (n + 1) * (2 * n + 1) - ties / 2) / 24);
  return {w, std::min(1.0, std::erfc(std::abs(w - mean) / deviation / std::sqrt(2.0)))};
}

TestResult paired_t_test(std::span<const double> differences) {
  require(differences.size() >= 2, ErrorCode::kUsage, "a paired t-test needs at least two pairs");
  require_finite(differences);
  const auto n = static_cast<double>(differences.size());
  const auto [mean, squares] = moments_of(differences);
  if (squares == 0) return {0, mean == 0 ? 1.0 : 0.0};
  const double t = mean / std::sqrt(squares / (n - 1) / n);
  return {t, two_sided_t(t, n - 1)};
}

std::vector<double> holm(std::span<const double> p_values) {
  require_finite(p_values);
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double largest = 0;
  for (std::size_t n = 0; n < order.size(); ++n) {
    largest = std::max(largest, std::min(1.0, static_cast<double>(order.size() - n) * p_values[order[n]]));
    adjusted[order[n]] = largest;
  }
  return adjusted;
}

Interval student_mean_interval(std::span<const double> values, double confidence) {
  require(values.size() >= 2, ErrorCode::kUsage, "Student's interval needs at least two values");
  require(confidence > 0 && confidence < 1, ErrorCode::kUsage, "confidence must lie between 0 and 1");
  require_finite(values);
  const auto n = static_cast<double>(values.size());
  const auto [mean, squares] = moments_of(values);
  double low = 0, high = 1;
  while (two_sided_t(high, n - 1) > 1 - confidence) high *= 2;
  for (int step = 0; step < 100; ++step) {
    const double middle = (low + high) / 2;
    (two_sided_t(middle, n - 1) > 1 - confidence ? low : high) = middle;
  }
  const double half = high * std::sqrt(squares / (n - 1) / n);
  return {mean - half, mean + half};
}

Interval bootstrap_mean_interval(std::span<const double> values, Rng rng, double confidence, int draws) {
  require(!values.empty() && draws > 0, ErrorCode::kUsage, "a bootstrap interval needs at least one value and one draw");
  require(confidence > 0 && confidence < 1, ErrorCode::kUsage, "confidence must lie between 0 and 1");
  std::vector<double> means(static_cast<std::size_t>(draws));
  for (double& mean : means) {
    double sum = 0;
    for (std::size_t n = 0; n < values.size(); ++n) sum += values[rng.below(values.size())];
    mean = sum / static_cast<double>(values.size());
  }
  std::sort(means.begin(), means.end());
  const auto at = [&](double share) {
    return means[static_cast<std::size_t>(std::clamp(share * (draws - 1), 0.0, static_cast<double>(draws - 1)))];
  };
  return {at((1 - confidence) / 2), at((1 + confidence) / 2)};
}

}  // namespace consilium::pipelines
