#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error.h"

namespace consilium::bench {

/// Sends bytes over a TCP connection of this machine to itself, without TLS and without a format: what any protocol is measured
/// against.
inline void send_over_loopback(std::string_view bytes) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  require(::bind(listener, generic, length) == 0 && ::listen(listener, 1) == 0 && ::getsockname(listener, generic, &length) == 0,
          ErrorCode::kUnreachable, "no loopback");
  std::thread sender([&] {
    const int out = ::socket(AF_INET, SOCK_STREAM, 0);
    if (::connect(out, generic, length) == 0)
      for (std::size_t done = 0; done < bytes.size();) {
        const ssize_t count = ::send(out, bytes.data() + done, std::min<std::size_t>(bytes.size() - done, 1 << 20), MSG_NOSIGNAL);
        if (count <= 0) break;
        done += static_cast<std::size_t>(count);
      }
    ::close(out);
  });
  const int in = ::accept(listener, nullptr, nullptr);
  std::vector<char> buffer(1 << 20);
  std::size_t got = 0;
  for (ssize_t count = 0; (count = ::recv(in, buffer.data(), buffer.size(), 0)) > 0;) got += static_cast<std::size_t>(count);
  ::close(in);
  ::close(listener);
  sender.join();
  require(got == bytes.size(), ErrorCode::kUnreachable, "loopback lost bytes");
}

}  // namespace consilium::bench
