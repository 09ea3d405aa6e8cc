#pragma once

#include <span>
#include <vector>

#include "base/rng.h"

namespace consilium::pipelines {

struct TestResult {
  double statistic = 0;
  double p_value = 1;  ///< two-sided
};

/// Wilcoxon's signed-rank test of paired differences; the statistic is the smaller of the two rank sums. Differences of 0 are
/// left out. Exact up to 50 differences without ties, else the normal approximation with tie correction, as scipy.stats.wilcoxon.
/// No difference: p = 1. Source: Wilcoxon 1945, doi:10.2307/3001968.
TestResult wilcoxon_signed_rank(std::span<const double> differences);

/// Student's t-test of paired differences against 0. @throws Error{kUsage} fewer than two differences.
TestResult paired_t_test(std::span<const double> differences);

/// p-values adjusted for testing all of them, in the given order. Source: Holm 1979, jstor.org/stable/4615733.
std::vector<double> holm(std::span<const double> p_values);

struct Interval {
  double low = 0;
  double high = 0;
};
/// Student's interval of the mean. @throws Error{kUsage} fewer than two values, or confidence outside (0, 1).
Interval student_mean_interval(std::span<const double> values, double confidence = 0.95);

/// Percentile bootstrap interval of the mean; too narrow with fewer than about ten values. @throws Error{kUsage} no value, no
/// draw.
Interval bootstrap_mean_interval(std::span<const double> values, Rng rng, double confidence = 0.95, int draws = 10000);

}  // namespace consilium::pipelines
