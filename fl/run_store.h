#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "base/folder_lock.h"
#include "fl/coordinator.h"

namespace consilium::fl {

/// A federation's history on disk: run.sqlite (tables run, rounds, participation, metrics) and models/*.safetensors beside it.
///
/// Models are written and synced before the row that names them, and rows of one round in one transaction: after a kill at any instant the
/// last saved round is whole.
class RunStore {
 public:
  /// Opens or makes the folder. @throws Error{kCannotWrite}, also while another process has it open; Error{kCorruptData} the database is damaged; Error{kMismatch} the folder holds
  /// a run of other settings.
  RunStore(const std::filesystem::path& folder, const FederationSettings& settings);
  ~RunStore();
  RunStore(RunStore&&) noexcept;

  /// What was saved last; nothing in a new folder. @throws Error{kCorruptData} a model does not have the digest that its row names.
  std::optional<RunState> load() const;
  /// The state before the first round, or after the round of the last report.
  void save(const RunState& state);

 private:
  struct Database;
  std::filesystem::path folder_;
  FolderLock lock_;
  std::unique_ptr<Database> database_;
};

}  // namespace consilium::fl
