#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "models/state/model_state.h"

namespace consilium::pipelines {

/// Weights that a site keeps from round to round, FOLDER/<stem>_after_<trainings>.safetensors: one file per round, so that a round that is repeated after a
/// kill starts from what it started from the first time.
class RoundMemory {
 public:
  RoundMemory(std::filesystem::path folder, std::string stem) : folder_(std::move(folder)), stem_(std::move(stem)) {}

  /// As it was after `trainings` rounds, or after the last round before in which the site trained; nothing while it has not.
  std::optional<ModelState> before(std::int64_t trainings) const;
  void save(const ModelState& state, std::int64_t trainings) const;
  /// Removes what no repeated round needs once `trainings` is saved: all that is older than what before(trainings - 1) gives.
  void forget_before(std::int64_t trainings) const;
  /// The file that before() reads, for messages.
  std::filesystem::path file_before(std::int64_t trainings) const { return file_of(newest(trainings)); }

 private:
  std::int64_t newest(std::int64_t trainings) const;
  std::filesystem::path file_of(std::int64_t trainings) const;

  std::filesystem::path folder_;
  std::string stem_;
};

}  // namespace consilium::pipelines
