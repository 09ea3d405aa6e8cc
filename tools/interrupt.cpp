#include "tools/interrupt.h"

#include <csignal>

#include "base/stop.h"

namespace consilium::tools {
namespace {

// A signal handler can reach nothing but a global.
std::atomic<bool> stop_requested = false;

void on_signal(int number) {
  if (stop_requested.exchange(true)) {
    std::signal(number, SIG_DFL);
    std::raise(number);
  }
}

}  // namespace

const std::atomic<bool>* stop_on_signals() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  return &stop_requested;
}

bool interrupted() { return stop_requested; }

void throw_if_interrupted() { throw_if_stopped(&stop_requested); }

}  // namespace consilium::tools
