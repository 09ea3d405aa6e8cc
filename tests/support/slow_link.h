#pragma once

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/rng.h"

namespace consilium::test {

/// What a link does to IP packets in each of its directions, as netem's rate, delay, loss and limit.
struct LinkShape {
  double bits_per_second = 4e6;
  std::chrono::milliseconds delay{75};
  double loss = 0.02;
  std::size_t most_waiting = 300;  ///< packets; what comes beyond is lost
};

/// The network device `device` of the namespace `space` as a file of this program: what the kernel sends comes out, what is written in it receives. -1: not allowed, or no TUN in this kernel.
inline int open_tun(const std::string& space, const std::string& device) {
  int file = -1;
  std::thread([&] {  // setns changes the thread that calls it
    const int there = open(("/run/netns/" + space).c_str(), O_RDONLY | O_CLOEXEC);
    const bool inside = there >= 0 && setns(there, CLONE_NEWNET) == 0;
    if (there >= 0) close(there);
    if (!inside) return;
    file = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    ifreq request{};
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    device.copy(request.ifr_name, IFNAMSIZ - 1);
    if (file >= 0 && ioctl(file, TUNSETIFF, &request) != 0) close(std::exchange(file, -1));
  }).join();
  return file;
}

/// Carries packets between pairs of TUN devices, slowly, late and not all of them: what netem does where the kernel has it. TCP itself runs in the kernel, and sees lost packets.
class SlowLinks {
 public:
  SlowLinks(std::vector<std::pair<int, int>> pairs, LinkShape shape) : shape_(shape), lost_(7) {
    for (const auto& [a, b] : pairs) {
      directions_.push_back({a, b, {}, {}});
      directions_.push_back({b, a, {}, {}});
    }
    carrier_ = std::thread([this] { carry(); });
  }
  ~SlowLinks() {
    stop_ = true;
    carrier_.join();
    for (const Direction& d : directions_) close(d.from);
  }
  SlowLinks(const SlowLinks&) = delete;

  std::atomic<bool> down = false;  ///< an outage: nothing passes
  std::atomic<std::uint64_t> carried = 0, dropped = 0;  ///< packets

 private:
  using Clock = std::chrono::steady_clock;
  struct Packet {
    Clock::time_point due;
    std::string bytes;
  };
  struct Direction {
    int from, to;
    std::deque<Packet> waiting;
    Clock::time_point free;  ///< when the line has sent all that came before
  };

  void carry() {
    std::vector<pollfd> files;
    for (const Direction& d : directions_) files.push_back({d.from, POLLIN, 0});
    while (!stop_) {
      const auto now = Clock::now();
      auto next = now + std::chrono::milliseconds(50);
      for (Direction& d : directions_) {
        deliver(d, now);
        if (!d.waiting.empty()) next = std::min(next, d.waiting.front().due);
      }
      poll(files.data(), files.size(), static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(next - now).count()));
      for (std::size_t n = 0; n < files.size(); ++n)
        if ((files[n].revents & POLLIN) != 0) take(directions_[n]);
    }
  }
  void deliver(Direction& d, Clock::time_point now) {
    for (; !d.waiting.empty() && d.waiting.front().due <= now; d.waiting.pop_front()) {
      const std::string& bytes = d.waiting.front().bytes;
      if (down || write(d.to, bytes.data(), bytes.size()) < 0) ++dropped;
      else ++carried;
    }
  }
  void take(Direction& d) {
    std::array<char, 2048> bytes;
    for (ssize_t size; (size = read(d.from, bytes.data(), bytes.size())) > 0;) {
      if (down || lost_.uniform() < shape_.loss || d.waiting.size() >= shape_.most_waiting) {
        ++dropped;
        continue;
      }
      const auto time_on_line = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(8 * static_cast<double>(size) / shape_.bits_per_second));
      d.free = std::max(d.free, Clock::now()) + time_on_line;
      d.waiting.push_back({d.free + shape_.delay, {bytes.data(), static_cast<std::size_t>(size)}});
    }
  }

  const LinkShape shape_;
  Rng lost_;
  std::vector<Direction> directions_;
  std::atomic<bool> stop_ = false;
  std::thread carrier_;
};

}  // namespace consilium::test
