#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace consilium::test {

/// A port of this machine that leads to another, and counts what an observer on the way would see: bytes from the caller to where it calls.
class CountingRelay {
 public:
  explicit CountingRelay(int target_port) : target_port_(target_port), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (listener_ < 0 || bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 16) != 0 || getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) throw std::runtime_error("no port for a relay");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~CountingRelay() {
    stop_ = true;
    acceptor_.join();
    for (std::thread& pump : pumps_) pump.join();
    close(listener_);
  }
  CountingRelay(const CountingRelay&) = delete;

  int port() const { return port_; }
  std::uint64_t bytes_sent() const { return sent_; }

 private:
  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
  }
  static bool is_readable(int socket) {
    pollfd wanted{socket, POLLIN, 0};
    return poll(&wanted, 1, 20) > 0;
  }
  void accept_all() {
    while (!stop_)
      if (is_readable(listener_)) {
        const int caller = accept(listener_, nullptr, nullptr), target = socket(AF_INET, SOCK_STREAM, 0);
        const sockaddr_in address = loopback(target_port_);
        if (connect(target, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
          close(caller);
          close(target);
          continue;
        }
        pumps_.emplace_back([this, caller, target] { pump(caller, target); });
      }
  }
  void pump(int caller, int target) {
    std::vector<char> buffer(1 << 16);
    bool open = true;
    while (!stop_ && open) {
      pollfd both[] = {{caller, POLLIN, 0}, {target, POLLIN, 0}};
      if (poll(both, 2, 20) <= 0) continue;
      for (const int from : {0, 1}) {
        if (both[from].revents == 0) continue;
        const ssize_t got = read(both[from].fd, buffer.data(), buffer.size());
        open = open && got > 0 && passes_on(both[1 - from].fd, buffer.data(), static_cast<std::size_t>(got));
        if (from == 0 && got > 0) sent_ += static_cast<std::uint64_t>(got);
      }
    }
    close(caller);
    close(target);
  }
  static bool passes_on(int to, const char* bytes, std::size_t size) {
    while (size > 0) {
      const ssize_t written = send(to, bytes, size, MSG_NOSIGNAL);
      if (written <= 0) return false;
      bytes += written;
      size -= static_cast<std::size_t>(written);
    }
    return true;
  }

  int target_port_, listener_, port_ = 0;
  std::atomic<bool> stop_ = false;
  std::atomic<std::uint64_t> sent_ = 0;
  std::thread acceptor_;
  std::vector<std::thread> pumps_;
};

}  // namespace consilium::test
