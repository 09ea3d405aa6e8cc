#include "fl/site_progress.h"

#include <array>
#include <utility>

namespace consilium::fl {
namespace {

constexpr std::array<std::pair<SiteState, std::string_view>, 10> kWords{{{SiteState::kEnrolled, "enrolled"}, {SiteState::kConnected, "connected"}, {SiteState::kConfiguring, "configuring"}, {SiteState::kFetching, "fetching"},
                                                                         {SiteState::kValidating, "validating"}, {SiteState::kTraining, "training"}, {SiteState::kUploading, "uploading"}, {SiteState::kWaiting, "waiting"},
                                                                         {SiteState::kDisconnected, "disconnected"}, {SiteState::kDone, "done"}}};

}  // namespace

std::string_view to_string(SiteState state) {
  for (const auto& [known, word] : kWords)
    if (known == state) return word;
  return "";
}

std::optional<SiteState> site_state(std::string_view word) {
  for (const auto& [state, known] : kWords)
    if (known == word) return state;
  return std::nullopt;
}

}  // namespace consilium::fl
