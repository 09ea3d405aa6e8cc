#pragma once

#include <cmath>
#include <limits>
#include <vector>

namespace consilium::fl {

/// ln of a sum of terms that are given by their logarithms; empty: -infinity.
class LogSum {
 public:
  void add(double log_term) {
    if (log_term == -std::numeric_limits<double>::infinity()) return;
    if (log_term <= top_) {
      sum_ += std::exp(log_term - top_);
    } else {
      sum_ = sum_ * std::exp(top_ - log_term) + 1;
      top_ = log_term;
    }
  }
  double value() const { return sum_ == 0 ? -std::numeric_limits<double>::infinity() : top_ + std::log(sum_); }

 private:
  double top_ = -std::numeric_limits<double>::infinity();
  double sum_ = 0;
};

/// ln(A - 1) of sampled_gaussian_rdp for any order, by the trapezoid rule; 0 < q < 1.
double log_excess_moment(double noise_multiplier, double q, double alpha);

/// Points of the trapezoid rule for integrals over x ~ N(0, s^2) of (1 + u)^alpha and its like.
///
/// In the complex plane the integrand is analytic up to |Im x| = pi s^2, where 1 + u has its zero, and a Gaussian otherwise: with the step
/// min(s, s^2) / 4 the rule is exact to e^-79. Each piece of the integrand is at most a Gaussian of deviation s around a centre; beyond 12 s from
/// every centre nothing counts (e^-72).
std::vector<double> trapezoid_points(double noise_multiplier, std::vector<double> centres);
double trapezoid_step(double noise_multiplier);

}  // namespace consilium::fl
