#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace consilium::test {

/// Two ports, one after the other, at which nobody listens.
inline int free_pair_of_ports() {
  for (int attempt = 0; attempt < 100; ++attempt) {
    int lines[2] = {-1, -1}, port = 0;
    bool is_free = true;
    for (int n = 0; n < 2 && is_free; ++n) {
      lines[n] = socket(AF_INET, SOCK_STREAM, 0);
      sockaddr_in where{};
      where.sin_family = AF_INET;
      where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      where.sin_port = htons(static_cast<std::uint16_t>(n == 0 ? 0 : port + 1));
      socklen_t size = sizeof where;
      is_free = bind(lines[n], reinterpret_cast<sockaddr*>(&where), sizeof where) == 0 && getsockname(lines[n], reinterpret_cast<sockaddr*>(&where), &size) == 0;
      if (n == 0) port = ntohs(where.sin_port);
    }
    for (const int line : lines)
      if (line >= 0) close(line);
    if (is_free && port < 65535) return port;
  }
  ADD_FAILURE() << "no two free ports";
  return 0;
}

}  // namespace consilium::test
