#include "fl/estimate/traffic.h"

#include <algorithm>
#include <vector>

#include "fl/estimate/fair_shares.h"

namespace consilium::fl {

void Traffic::start(std::size_t site, double bytes, double limit, double now) {
  advance(now);
  transfers_[site] = {bytes, limit, 0};
  is_shared_ = false;
}

std::optional<double> Traffic::stop(std::size_t site, double now) {
  const auto found = transfers_.find(site);
  if (found == transfers_.end()) return std::nullopt;
  advance(now);
  const double left = found->second.left;
  transfers_.erase(found);
  is_shared_ = false;
  return left;
}

std::optional<Traffic::End> Traffic::next_end() {
  share();
  return first_;
}

void Traffic::advance(double now) {
  if (now == now_) return;
  share();
  for (auto& [site, transfer] : transfers_) transfer.left = std::max(0.0, transfer.left - transfer.rate * (now - now_));
  now_ = now;
}

/// Once for all the transfers that start and end at one time.
void Traffic::share() {
  if (is_shared_) return;
  std::vector<double> limits;
  for (const auto& [site, transfer] : transfers_) limits.push_back(transfer.limit);
  const std::vector<double> shares = fair_shares(limits, capacity_);
  std::size_t n = 0;
  first_.reset();
  for (auto& [site, transfer] : transfers_) {
    transfer.rate = shares[n++];
    const double time = now_ + transfer.left / transfer.rate;
    if (!first_ || time < first_->time) first_ = End{time, site};
  }
  is_shared_ = true;
}

}  // namespace consilium::fl
