#pragma once

#include <cmath>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace consilium::fl {

/// What a site is doing, as it says itself or as the coordinator sees it. Enrolled, connected, configured and training are different
/// states: a site whose data were never read has not begun, however long it has been connected.
enum class SiteState {
  kEnrolled,      ///< named in the settings; never seen
  kConnected,     ///< watches, and has said nothing yet
  kConfiguring,   ///< reads its data
  kFetching,      ///< fetches the model
  kValidating,    ///< judges the global model on its own cases
  kTraining,
  kUploading,
  kWaiting,       ///< has done its part of the round
  kDisconnected,  ///< was there, and is not
  kDone,          ///< has the federation's best model
};
std::string_view to_string(SiteState state);
std::optional<SiteState> site_state(std::string_view word);

/// What a site says of itself.
struct SiteReport {
  SiteState state = SiteState::kConnected;  ///< kConfiguring to kWaiting, or kConnected
  std::int64_t round = 0;
  std::int64_t step = 0, steps = 0;         ///< of this round's training
  std::optional<double> loss{};             ///< of the last step
  std::int64_t cases = -1;                  ///< for training; below 0: its data are not read yet
  std::int64_t validation_cases = 0;
  std::string device{};                     ///< "cpu", "cuda"

  bool operator==(const SiteReport&) const = default;
};

/// The report that is true now: written by the thread that trains, read by the one that tells the coordinator.
class SiteProgress {
 public:
  void enter(SiteState state) {
    const std::lock_guard lock(guard_);
    report_.state = state;
  }
  void begin_round(std::int64_t round) {
    const std::lock_guard lock(guard_);
    report_.round = round;
    report_.step = report_.steps = 0;
    report_.loss.reset();
  }
  void configured(std::int64_t cases, std::int64_t validation_cases, std::string device) {
    const std::lock_guard lock(guard_);
    report_.cases = cases;
    report_.validation_cases = validation_cases;
    report_.device = std::move(device);
  }
  void begin_training(std::int64_t steps) {
    const std::lock_guard lock(guard_);
    report_.state = SiteState::kTraining;
    report_.step = 0;
    report_.steps = steps;
  }
  void step(double loss) {
    const std::lock_guard lock(guard_);
    ++report_.step;
    if (std::isfinite(loss)) report_.loss = loss;  // else it may not leave the site
  }
  /// Where updates are protected, what a site has and how well it does is not told either.
  void hide_figures(bool hide) {
    const std::lock_guard lock(guard_);
    hides_figures_ = hide;
  }
  SiteReport report() const {
    const std::lock_guard lock(guard_);
    SiteReport report = report_;
    if (hides_figures_) {
      report.loss.reset();
      report.cases = -1;
      report.validation_cases = 0;
    }
    return report;
  }

 private:
  mutable std::mutex guard_;
  SiteReport report_;
  bool hides_figures_ = false;
};

}  // namespace consilium::fl
