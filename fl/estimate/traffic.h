#pragma once

#include <cstddef>
#include <map>
#include <optional>

namespace consilium::fl {

/// Transfers in one direction over the coordinator's line, in virtual time. Each is limited by its site's own link; together they share the line
/// fairly (fair_shares), and shares change whenever a transfer starts or ends.
class Traffic {
 public:
  /// Bytes per second of the line.
  explicit Traffic(double capacity) : capacity_(capacity) {}

  void start(std::size_t site, double bytes, double limit, double now);
  /// Ends a transfer early: how many bytes are left. Nothing if the site has none.
  std::optional<double> stop(std::size_t site, double now);

  struct End {
    double time;
    std::size_t site;
  };
  /// The transfer that ends first if nothing changes; of several the lowest site.
  std::optional<End> next_end();

 private:
  struct Transfer {
    double left;
    double limit;
    double rate;
  };
  void advance(double now);
  void share();

  double capacity_;
  double now_ = 0;
  std::map<std::size_t, Transfer> transfers_;
  bool is_shared_ = true;     ///< the rates are those of the transfers that there are
  std::optional<End> first_;  ///< while they are
};

}  // namespace consilium::fl
