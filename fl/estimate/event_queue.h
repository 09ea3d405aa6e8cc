#pragma once

#include <cstdint>
#include <queue>
#include <vector>

namespace consilium::fl {

enum class PlannedKind {
  kOpen,      ///< the coordinator announces a round
  kDeadline,  ///< of a round
  kTransfer,  ///< the first byte of a site's transfer
  kComputed,  ///< a site has finished training and validation
  kDeath,
  kReturn,
  kLinkDown,
  kLinkUp,
};

struct PlannedEvent {
  double time = 0;
  PlannedKind kind = PlannedKind::kOpen;
  std::size_t site = 0;
  std::uint64_t epoch = 0;  ///< of the site, or the round: an event of an earlier one is void
  std::uint64_t order = 0;  ///< events of one time happen in the order in which they were planned
};

/// What will happen, soonest first.
class EventQueue {
 public:
  void plan(PlannedEvent event) {
    event.order = planned_++;
    events_.push(event);
  }
  bool is_empty() const { return events_.empty(); }
  const PlannedEvent& next() const { return events_.top(); }
  PlannedEvent take() {
    const PlannedEvent event = events_.top();
    events_.pop();
    return event;
  }

 private:
  struct Later {
    bool operator()(const PlannedEvent& a, const PlannedEvent& b) const { return a.time > b.time || (a.time == b.time && a.order > b.order); }
  };
  std::priority_queue<PlannedEvent, std::vector<PlannedEvent>, Later> events_;
  std::uint64_t planned_ = 0;
};

}  // namespace consilium::fl
