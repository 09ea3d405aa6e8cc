#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace consilium::test {

/// A TCP relay on this machine to 127.0.0.1:`port`: counts what goes towards it, and can hold it up.
class Relay {
 public:
  explicit Relay(std::uint16_t port) : target_(port), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = at(0);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 8) != 0 || getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) port_ = 0;
    else port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept_all(); });
  }
  ~Relay() {
    stop_ = true;
    accepting_.join();
    for (std::thread& thread : threads_) thread.join();
    close(listener_);
  }
  Relay(const Relay&) = delete;
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  /// Cuts the connections that there are; new ones are relayed.
  void hang_up() { ++lives_; }

  std::atomic<bool> down = false;                      ///< an outage: connections are cut and new ones closed at once
  std::atomic<std::uint64_t> bytes_per_second = 0;     ///< of each connection and direction; 0: no limit
  std::atomic<std::uint64_t> sent = 0;               ///< bytes towards the target, over all connections
  std::atomic<std::uint64_t> hold_after = UINT64_MAX;  ///< nothing more goes towards the target once so many were sent

 private:
  static sockaddr_in at(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
  }
  void accept_all() {
    while (!stop_) {
      pollfd waiting{listener_, POLLIN, 0};
      if (poll(&waiting, 1, 20) <= 0) continue;
      const int near = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (near >= 0 && down) close(near);
      else if (near >= 0) threads_.emplace_back([this, near] { forward(near); });
    }
  }
  void forward(int near) {
    const int far = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = at(target_);
    bool open = connect(far, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    const unsigned life = lives_;
    while (open && !stop_ && !down && life == lives_) {
      const bool held = sent >= hold_after;
      // Held up, the near end is watched for its end only.
      std::array<pollfd, 2> ends{pollfd{near, static_cast<short>(held ? POLLRDHUP : POLLIN), 0}, pollfd{far, POLLIN, 0}};
      if (poll(ends.data(), 2, 20) <= 0) continue;
      if (held && ends[0].revents != 0) break;
      if (!held && ends[0].revents != 0) open = pass(near, far, &sent);
      if (open && ends[1].revents != 0) open = pass(far, near, nullptr);
    }
    close(near);
    close(far);
  }
  bool pass(int from, int to, std::atomic<std::uint64_t>* count) {
    std::array<char, 16384> bytes;
    const ssize_t got = recv(from, bytes.data(), bytes.size(), 0);
    for (ssize_t done = 0; done < got;) {
      const ssize_t written = send(to, bytes.data() + done, static_cast<std::size_t>(got - done), MSG_NOSIGNAL);
      if (written <= 0) return false;
      done += written;
    }
    if (bytes_per_second > 0 && got > 0) std::this_thread::sleep_for(std::chrono::duration<double>(static_cast<double>(got) / static_cast<double>(bytes_per_second)));
    if (count != nullptr && got > 0) *count += static_cast<std::uint64_t>(got);
    return got > 0;
  }

  std::uint16_t target_, port_ = 0;
  int listener_;
  std::atomic<bool> stop_ = false;
  std::atomic<unsigned> lives_ = 0;
  std::vector<std::thread> threads_;
  std::thread accepting_;
};

}  // namespace consilium::test
