#pragma once

#include <filesystem>
#include <future>
#include <memory>
#include <optional>

#include "base/folder_lock.h"
#include "fl/coordinator.h"
#include "fl/ledger/ledger_book.h"
#include "fl/sqlite.h"

namespace consilium::fl {

/// A federation that has ended: its history, and the model it chose.
struct FinishedRun {
  RunState state;
  ModelState best;

  bool operator==(const FinishedRun&) const = default;
};

/// A federation's history on disk: run.sqlite (tables run, rounds, participation, metrics) and models/*.safetensors beside it: the newest global model and the
/// best one, by the number of trainings that went into them.
///
/// Models are written and synced before the row that names them, and rows of one round in one transaction: after a kill at any instant the
/// last saved round is whole, in the run's ledger too.
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

  /// Begins to write the model that the next save() will hold as the global one after `trainings`, in a thread of its own; it must stay as it is until then. What goes wrong is thrown by save().
  void write_ahead(const ModelState& global, std::int64_t trainings);

  /// The files of the models that were saved last: the open round's, and the best one.
  std::filesystem::path global_file() const;
  std::filesystem::path best_file() const;
  /// The ledger's heads are signed from now on (fl/ledger/ledger_book.h). @throws Error{kMismatch} as LedgerBook::sign_with.
  void sign_ledger(SigningKey key, const LedgerKey& certified) { ledger_->sign_with(std::move(key), certified); }
  /// Of all rounds that are saved; nothing where nobody signs.
  std::optional<SignedHead> ledger_head() const { return read_newest_head(*database_); }
  /// Of this run, random: 32 hexadecimal digits.
  std::string federation() const;

 private:
  std::filesystem::path folder_;
  FolderLock lock_;
  std::int64_t rounds_;
  std::unique_ptr<Sqlite> database_;
  std::unique_ptr<LedgerBook> ledger_;
  std::string ahead_;           ///< name of the file that is being written
  std::future<void> writing_;
};

/// Of the closed rounds, in order, from a run.sqlite. @throws Error{kCorruptData}
std::vector<RoundReport> read_reports(const Sqlite& database);
/// The state of a run that has ended, with its reports as they are in its folder: whole.
RunState with_whole_reports(RunState state, const std::filesystem::path& folder);

}  // namespace consilium::fl
