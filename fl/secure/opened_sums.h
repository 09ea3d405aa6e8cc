#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/files.h"

namespace consilium::fl {

/// Which sum a site has helped to open in each round, on its disk before its shares leave. In the same round it helps to open no other: two sums of one round that differ by one site tell
/// that site's update, whoever asks for the second one, and after whatever restart.
class OpenedSums {
 public:
  /// @throws Error{kCorruptData} the file is damaged: better no share than one that gives a site away.
  explicit OpenedSums(std::filesystem::path file, Durability durability = Durability::kPowerLoss);

  /// The sites of the sum that was opened in that round; empty: none. @throws Error{kRefused} a round so old that it is not known any more.
  std::vector<std::string> of_round(std::int64_t round) const;
  /// @throws Error{kRefused} it was another one before; Error{kCannotWrite}
  void open(std::int64_t round, const std::vector<std::string>& sites);

 private:
  std::filesystem::path file_;
  Durability durability_;
  std::map<std::int64_t, std::vector<std::string>> sums_;
  std::int64_t forgotten_ = -1;  ///< the newest round that was forgotten
};

}  // namespace consilium::fl
