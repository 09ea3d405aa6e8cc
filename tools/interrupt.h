#pragma once

#include <atomic>

namespace consilium::tools {

/// Becomes true when the process gets SIGINT or SIGTERM; a second signal ends it at once. For loops that end in order.
const std::atomic<bool>* stop_on_signals();
bool interrupted();
/// @throws Error{kInterrupted}
void throw_if_interrupted();

}  // namespace consilium::tools
