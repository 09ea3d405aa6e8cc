#include "pipelines/crew.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <thread>

#include "base/folder_lock.h"
#include "base/parallel.h"
#include "base/stop.h"

namespace consilium::pipelines {
namespace {

constexpr auto kPause = std::chrono::milliseconds(10);

std::optional<std::size_t> whole_number(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Rank rank_from_environment() {
  constexpr std::pair<const char*, const char*> kPairs[] = {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"}, {"PMI_RANK", "PMI_SIZE"}, {"SLURM_PROCID", "SLURM_NTASKS"}};
  for (const auto& [number, count] : kPairs) {
    const char *number_text = std::getenv(number), *count_text = std::getenv(count);
    if (number_text == nullptr || count_text == nullptr) continue;
    const auto n = whole_number(number_text), of = whole_number(count_text);
    require(n && of && *n < *of, ErrorCode::kUsage, std::string(number) + " and " + count + ": \"" + number_text + "\" of \"" + count_text + "\" is no rank");
    return {*n, *of};
  }
  return {};
}

void Crew::share(const std::string& what, std::size_t count, const std::function<bool(std::size_t)>& is_done, const std::function<void(std::size_t)>& work) const {
  if (rank_.is_alone()) {
    parallel_for(count, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t n = begin; n < end; ++n)
        if (!is_done(n)) work(n);
    });
    return;
  }
  const std::size_t first = rank_.number * count / rank_.count;  // ranks begin at different pieces
  const auto take_what_is_free = [&] {
    bool all = true, worked = false;
    for (std::size_t step = 0; step < count; ++step) {
      throw_if_stopped(stop_);
      const std::size_t n = (first + step) % count;
      if (is_done(n)) continue;
      all = false;
      const auto claim = FolderLock::try_lock(claims_ / what / std::to_string(n));
      if (!claim) continue;
      worked = true;
      if (is_done(n)) continue;  // by the one who had the claim until now
      work(n);
      require(is_done(n), ErrorCode::kUnexpected, what + ": a piece of work left no result");
    }
    if (!all && !worked) std::this_thread::sleep_for(kPause);
    return all;
  };
  parallel_for(std::min(thread_limit(), count), 1, [&](std::size_t, std::size_t) {
    while (!take_what_is_free()) {
    }
  });
}

void Crew::in_turn(const std::string& what, const std::function<void()>& act) const {
  if (rank_.is_alone()) return act();
  for (;;) {
    throw_if_stopped(stop_);
    if (const auto claim = FolderLock::try_lock(claims_ / what)) return act();
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace consilium::pipelines
