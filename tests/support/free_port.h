#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <random>
#include <string>

namespace consilium::test {

/// Can this port be had now?
inline bool is_free_port(int port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  const bool is_free = bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  close(descriptor);
  return is_free;
}

/// A name that one test at a time can have, until its process ends: two that look for a port at the same instant, or one that looks twice, would otherwise both find the same one free.
inline bool reserve_port(int port) {
  const std::string name = "consilium-test-port-" + std::to_string(port);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // An abstract name (a zero before it): no file that could be left behind.
  name.copy(address.sun_path + 1, sizeof address.sun_path - 1);
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (bind(descriptor, reinterpret_cast<sockaddr*>(&address), length) == 0) return true;  // open until the process ends
  close(descriptor);
  return false;
}

/// The first of `count` ports in a row at which nobody listens now, and that no other test is given: for those who have to know where they will find each other. Below the range that the system
/// gives out by itself: whoever listens at a port of its choice, in a test beside this one, does not take them meanwhile.
inline int free_ports(int count) {
  constexpr int kFirst = 10000, kLast = 32000;
  std::random_device random;
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const int port = kFirst + static_cast<int>(random() % static_cast<unsigned>(kLast - kFirst));
    int free = 0;
    while (free < count && is_free_port(port + free) && reserve_port(port + free)) ++free;
    if (free == count) return port;
  }
  ADD_FAILURE() << "no " << count << " free ports";
  return 0;
}

inline std::string free_address() { return "127.0.0.1:" + std::to_string(free_ports(1)); }

}  // namespace consilium::test
