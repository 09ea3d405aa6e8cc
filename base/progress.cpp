#include "base/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstdio>

namespace consilium {
namespace {

std::atomic<bool> quiet{false};
constexpr int kBarCells = 24;

}  // namespace

void set_progress_quiet(bool value) { quiet = value; }

void log_line(std::string_view message) {
  if (quiet) return;
  fmt::print(stderr, "consilium: {}\n", message);
}

void log_warning(std::string_view message) { fmt::print(stderr, "consilium: warning: {}\n", message); }

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  if (seconds < 60) return fmt::format("{:.0f} s", seconds);
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

Progress::Progress(std::string title, std::uint64_t total)
    : title_(std::move(title)), total_(total), start_(std::chrono::steady_clock::now()), drawn_(start_), terminal_(::isatty(2) == 1) {
  draw(true);
}

Progress::~Progress() { finish(); }

void Progress::advance(std::uint64_t count, std::string_view note) {
  done_ += count;
  if (!note.empty()) note_ = note;
  draw(done_ >= total_);
}

void Progress::finish() {
  if (finished_) return;
  finished_ = true;
  if (quiet || !terminal_) return;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  fmt::print(stderr, "\r\033[K{}: {}/{} in {}{}{}\n", title_, done_, total_, format_duration(seconds), note_.empty() ? "" : ", ", note_);
}

void Progress::draw(bool force) {
  if (quiet || finished_) return;
  const auto now = std::chrono::steady_clock::now();
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  const double share = total_ == 0 ? 1.0 : std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_));
  const std::string left = done_ == 0 ? "" : format_duration(elapsed * (1 - share) / std::max(share, 1e-9)) + " left";
  if (!terminal_) {
    const auto tenths = static_cast<std::uint64_t>(share * 10);
    if (done_ != 0 && tenths <= announced_tenths_) return;
    announced_tenths_ = tenths;
    fmt::print(stderr, "{}: {}/{}{}{}{}{}\n", title_, done_, total_, left.empty() ? "" : ", ", left, note_.empty() ? "" : ", ", note_);
    return;
  }
  if (!force && now - drawn_ < std::chrono::milliseconds(100)) return;
  drawn_ = now;
  const int filled = static_cast<int>(share * kBarCells);
  fmt::print(stderr, "\r\033[K{} [{}{}] {}/{} {} {}", title_, std::string(filled, '#'), std::string(kBarCells - filled, '.'), done_, total_, left, note_);
  std::fflush(stderr);
}

}  // namespace consilium
