#include "fl/enrol/refusals.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"

namespace consilium::fl {
namespace {

/// A log and a terminal show it: nothing that moves a cursor, no bytes that are no UTF-8, no books.
std::string printable(const std::string& text, std::size_t most) {
  std::string clean;
  for (const char c : text.substr(0, most)) clean += c >= 0x20 && c < 0x7f ? c : '?';
  return clean;
}

bool is_worth_a_line(std::int64_t count) {
  while (count >= 10 && count % 10 == 0) count /= 10;
  return count == 1;
}

}  // namespace

Refusals::Refusals(fs::path file, WallClock clock) : file_(std::move(file)), clock_(std::move(clock)) {
  if (!fs::exists(file_)) return;
  try {  // a list of the past must not keep the coordinator from starting
    read();
  } catch (const Error& error) {
    log_warning(std::string(error.what()) + "; the list of refused attempts is begun anew");
    entries_.clear();
  }
}

void Refusals::read() {
  const Json json = parse_json(read_file(file_, 1 << 20), file_.string());
  SettingsReader reader(json, file_.string());
  std::string schema;
  reader.required("schema", schema);
  reader.field("dropped", dropped_);
  reader.list("refused", [&](SettingsReader& item) {
    Entry entry{};
    std::string first, last;
    item.required("who", entry.who);
    item.required("why", entry.why);
    item.required("known", entry.is_known);
    item.required("first", first);
    item.required("last", last);
    item.required("count", entry.count);
    item.finish();
    entry.first = parse_iso_time(first, file_.string());
    entry.last = parse_iso_time(last, file_.string());
    if (entries_.size() < kMostEntries) entries_.push_back(entry);
  });
}

void Refusals::add(std::string who, std::string why, bool is_known) {
  who = printable(who, 64);
  why = printable(why, 300);
  const std::lock_guard lock(guard_);
  const std::int64_t now = clock_();
  auto at = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.who == who && e.why == why && e.is_known == is_known; });
  if (at == entries_.end()) {
    if (entries_.size() >= kMostEntries) {
      // A crowd of strangers does not drive out what concerns a hospital.
      const auto quietest = std::min_element(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return std::pair(a.is_known, a.last) < std::pair(b.is_known, b.last); });
      if (quietest->is_known && !is_known) {
        ++dropped_;
        return;
      }
      dropped_ += quietest->count;
      entries_.erase(quietest);
    }
    at = entries_.insert(entries_.end(), Entry{who, why, is_known, now, now, 0});
  }
  at->last = now;
  ++at->count;
  is_dirty_ = true;
  // New names cost a stranger nothing, so its lines stop when the list is full.
  if (is_worth_a_line(at->count) && (is_known || dropped_ == 0)) log_warning("refused " + (is_known ? "\"" + who + "\"" : "a stranger (\"" + who + "\")") + ": " + why + (at->count > 1 ? " (" + std::to_string(at->count) + " times)" : ""));
  if (now != written_) write_locked();
}

void Refusals::flush() {
  const std::lock_guard lock(guard_);
  if (is_dirty_ && clock_() != written_) write_locked();
}

void Refusals::write() {
  const std::lock_guard lock(guard_);
  if (is_dirty_) write_locked();
}

void Refusals::write_locked() {
  written_ = clock_();
  is_dirty_ = false;
  try {  // a full disk is no reason to answer a stranger otherwise
    write_file(file_, to_json_locked().dump(1) + "\n");
    is_unwritable_ = false;
  } catch (const Error& error) {
    if (!is_unwritable_) log_warning(std::string(error.what()) + "; refused attempts are not listed");
    is_unwritable_ = true;
  }
}

Json Refusals::to_json() const {
  const std::lock_guard lock(guard_);
  return to_json_locked();
}

Json Refusals::to_json_locked() const {
  Json list = Json::array();
  for (const Entry& e : entries_) list.push_back({{"who", e.who}, {"known", e.is_known}, {"why", e.why}, {"first", to_iso_time(e.first)}, {"last", to_iso_time(e.last)}, {"count", e.count}});
  return {{"schema", "consilium.refused/1"}, {"dropped", dropped_}, {"refused", std::move(list)}};
}

}  // namespace consilium::fl
