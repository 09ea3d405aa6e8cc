#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "base/settings.h"
#include "fl/wall_clock.h"

namespace consilium::fl {

/// Attempts that a coordinator refused: who, why, when and how often, in FOLDER/refused.json and, sparingly, in the log.
///
/// Strangers cannot make it grow: it has at most kMostEntries lines, of which the one that was quiet for longest goes first; a line is
/// logged when it is new and then at 10, 100, 1000, ... attempts; the file is written at most once a second.
class Refusals {
 public:
  static constexpr std::size_t kMostEntries = 200;

  /// Goes on with what the file holds; one that cannot be read is begun anew.
  explicit Refusals(std::filesystem::path file, WallClock clock = wall_seconds);

  /// `is_known`: the certificate of `who` is the federation's own. What a stranger calls itself is cut and made printable.
  void add(std::string who, std::string why, bool is_known);
  /// Writes what is not written yet, if a second has passed.
  void flush();
  void write();          ///< what is not written yet, at the end
  Json to_json() const;  ///< docs/formats.md

 private:
  struct Entry {
    std::string who, why;
    bool is_known;
    std::int64_t first, last, count;
  };
  void read();
  void write_locked();
  Json to_json_locked() const;

  const std::filesystem::path file_;
  const WallClock clock_;
  mutable std::mutex guard_;
  std::vector<Entry> entries_;
  std::int64_t dropped_ = 0;  ///< attempts whose lines had to go
  std::int64_t written_ = 0;  ///< when
  bool is_dirty_ = false;
  bool is_unwritable_ = false;
};

}  // namespace consilium::fl
