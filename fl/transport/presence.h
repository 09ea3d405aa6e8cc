#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace consilium::fl {

/// Which process speaks for a site: the one that connected last.
///
/// A site that lost its connection comes back with the same instance, and its old stream is simply forgotten. Another instance is a second process with
/// the site's certificate (a copied folder, a forgotten service): the first one is told so and ends, for two would train and send against each other.
class Presence {
 public:
  /// A stream of the site begins; the ticket says whether it is still the site's own.
  std::uint64_t arrive(const std::string& site, const std::string& instance) {
    Seat& seat = seats_[site];
    if (seat.instance != instance && seat.ticket != 0) seat.displaced = seat.ticket;
    seat.instance = instance;
    return seat.ticket = ++tickets_;
  }
  bool is_there(const std::string& site) const {
    const auto seat = seats_.find(site);
    return seat != seats_.end() && seat->second.ticket != 0;
  }
  bool is_current(const std::string& site, std::uint64_t ticket) const {
    const auto seat = seats_.find(site);
    return seat != seats_.end() && seat->second.ticket == ticket;
  }
  /// Was that stream's process displaced by another one, rather than come back itself?
  bool is_displaced(const std::string& site, std::uint64_t ticket) const {
    const auto seat = seats_.find(site);
    return seat != seats_.end() && ticket <= seat->second.displaced;
  }
  void leave(const std::string& site, std::uint64_t ticket) {
    if (!is_current(site, ticket)) return;
    if (seats_[site].displaced == 0) seats_.erase(site);
    else seats_[site].ticket = 0;
  }

 private:
  struct Seat {
    std::string instance;
    std::uint64_t ticket = 0;     ///< 0: nobody is there
    std::uint64_t displaced = 0;  ///< streams up to this one belong to a process that is not the site's any more
  };
  std::map<std::string, Seat> seats_;
  std::uint64_t tickets_ = 0;
};

}  // namespace consilium::fl
