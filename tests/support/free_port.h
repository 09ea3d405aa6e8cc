#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

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

/// The first of `count` ports in a row at which nobody listens now: for those who have to know where they will find each other. Below the range that the system gives out by itself: whoever
/// listens at a port of its choice, in a test beside this one, does not take them meanwhile.
inline int free_ports(int count) {
  constexpr int kFirst = 10000, kLast = 32000;
  std::random_device random;
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const int port = kFirst + static_cast<int>(random() % static_cast<unsigned>(kLast - kFirst));
    int free = 0;
    while (free < count && is_free_port(port + free)) ++free;
    if (free == count) return port;
  }
  ADD_FAILURE() << "no " << count << " free ports";
  return 0;
}

inline std::string free_address() { return "127.0.0.1:" + std::to_string(free_ports(1)); }

}  // namespace consilium::test
