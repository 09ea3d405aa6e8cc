#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace consilium::test {

/// An address of this machine at which nobody listens now: for those who have to know where they will find each other.
inline std::string free_address() {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool good = bind(descriptor, reinterpret_cast<sockaddr*>(&address), size) == 0 && getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(descriptor);
  return "127.0.0.1:" + std::to_string(good ? ntohs(address.sin_port) : 0);
}

}  // namespace consilium::test
