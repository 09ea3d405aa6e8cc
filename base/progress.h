#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace consilium {

/// One line on stderr with a bar, a count, an optional note and the time left, redrawn at most ten times a second.
///
/// Draws only when stderr is a terminal; otherwise prints a plain line at the start and at each tenth of the way, so that log
/// files stay readable. Nothing is drawn when `set_progress_quiet(true)` was called.
class Progress {
 public:
  Progress(std::string title, std::uint64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(std::uint64_t count = 1, std::string_view note = {});
  void finish();

 private:
  void draw(bool force);

  std::string title_;
  std::string note_;
  std::uint64_t total_;
  std::uint64_t done_ = 0;
  std::uint64_t announced_tenths_ = 0;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point drawn_;
  bool terminal_;
  bool finished_ = false;
};

/// Process-wide switch for `--quiet`.
void set_progress_quiet(bool quiet);

/// One line on stderr: "consilium: message". Never with patient data.
void log_line(std::string_view message);
void log_warning(std::string_view message);

/// 75.2 s -> "1 min 15 s".
std::string format_duration(double seconds);

}  // namespace consilium
