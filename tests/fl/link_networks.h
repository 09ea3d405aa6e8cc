#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/slow_link.h"

// A hub at 10.77.0.1 and sites in network namespaces of their own, behind links of 4 Mbit/s, 150 ms there and back and 2 % loss. Need root and iproute2.
namespace consilium::fl::test {

inline constexpr int kSites = 8;
inline std::string address_of_site(int n) { return "10.77.0." + std::to_string(10 + n); }
/// What a command is to begin with, to run in a namespace.
inline std::vector<std::string> within(const std::string& space) { return {"/usr/sbin/ip", "netns", "exec", space}; }

/// Runs one after another; false at the first that fails.
inline bool shell(const std::vector<std::string>& commands) {
  for (const std::string& command : commands)
    if (std::system((command + " >/dev/null 2>&1").c_str()) != 0) return false;
  return true;
}

/// By the kernel's netem: a bridge, and a namespace per site behind a shaped pair of devices; gone with its scope.
class NetemNetwork {
 public:
  NetemNetwork() {
    clean();
    good_ = shell({"ip link add cbr type bridge", "ip addr add 10.77.0.1/24 dev cbr", "ip link set cbr up"});
    for (int n = 0; n < kSites; ++n) {
      const std::string own = space(n), near = "cn" + std::to_string(n), far = "cf" + std::to_string(n), shape = " root netem delay 75ms loss 2% rate 4mbit limit 300";
      good_ = good_ && shell({"ip netns add " + own, "ip link add " + near + " type veth peer name " + far + " netns " + own, "ip link set " + near + " master cbr up",
                              "ip -n " + own + " addr add " + address_of_site(n) + "/24 dev " + far, "ip -n " + own + " link set " + far + " up", "ip -n " + own + " link set lo up",
                              "tc qdisc add dev " + near + shape, "ip netns exec " + own + " tc qdisc add dev " + far + shape});
    }
  }
  ~NetemNetwork() { clean(); }
  NetemNetwork(const NetemNetwork&) = delete;
  bool good() const { return good_; }
  static std::string space(int n) { return "consilium_netem_" + std::to_string(n); }
  static void cut(bool down) {
    for (int n = 0; n < kSites; ++n) shell({"ip link set cn" + std::to_string(n) + (down ? " down" : " up")});
  }

 private:
  static void clean() {
    for (int n = 0; n < kSites; ++n) {
      shell({"ip netns del " + space(n)});
      shell({"ip link del cn" + std::to_string(n)});
    }
    shell({"ip link del cbr"});
  }
  bool good_ = false;
};

/// Where the kernel has no netem: the hub has a namespace too, and to each site a pair of TUN devices, whose packets SlowLinks carries.
class TunNetwork {
 public:
  TunNetwork() {
    clean();
    good_ = shell({"ip netns add " + hub_space(), "ip -n " + hub_space() + " link set lo up", "ip -n " + hub_space() + " addr add 10.77.0.1/32 dev lo"});
    std::vector<std::pair<int, int>> pairs;
    for (int n = 0; n < kSites && good_; ++n) good_ = add_site(n, pairs);
    links_.emplace(std::move(pairs), consilium::test::LinkShape{});
  }
  ~TunNetwork() {
    links_.reset();
    clean();
  }
  TunNetwork(const TunNetwork&) = delete;
  bool good() const { return good_; }
  static std::string hub_space() { return "consilium_tun_hub"; }
  static std::string space(int n) { return "consilium_tun_" + std::to_string(n); }
  consilium::test::SlowLinks& links() { return *links_; }

 private:
  static bool add_site(int n, std::vector<std::pair<int, int>>& pairs) {
    const std::string own = space(n), near = "cn" + std::to_string(n), far = "cf" + std::to_string(n), address = address_of_site(n);
    if (!shell({"ip netns add " + own})) return false;
    pairs.emplace_back(consilium::test::open_tun(hub_space(), near), consilium::test::open_tun(own, far));
    return pairs.back().first >= 0 && pairs.back().second >= 0 &&
           shell({"ip -n " + hub_space() + " link set " + near + " up", "ip -n " + hub_space() + " route add " + address + "/32 dev " + near, "ip -n " + own + " addr add " + address + "/32 dev " + far,
                  "ip -n " + own + " link set " + far + " up", "ip -n " + own + " link set lo up", "ip -n " + own + " route add 10.77.0.1/32 dev " + far});
  }
  static void clean() {
    for (int n = 0; n < kSites; ++n) shell({"ip netns del " + space(n)});
    shell({"ip netns del " + hub_space()});
  }
  bool good_ = false;
  std::optional<consilium::test::SlowLinks> links_;
};

}  // namespace consilium::fl::test
