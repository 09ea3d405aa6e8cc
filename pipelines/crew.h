#pragma once

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>

namespace consilium::pipelines {

/// Which of the processes that an engine such as mpirun or srun started this one is; one of one without an engine.
struct Rank {
  std::size_t number = 0;
  std::size_t count = 1;

  bool is_alone() const { return count == 1; }
  bool operator==(const Rank&) const = default;
};

/// From the variables that engines set: OMPI_COMM_WORLD_RANK and _SIZE (Open MPI), PMI_RANK and _SIZE (MPICH and others), SLURM_PROCID and SLURM_NTASKS. The first pair counts.
/// @throws Error{kUsage} a pair that is no rank of so many.
Rank rank_from_environment();

/// Ranks that work on one run. They speak through its folder alone: a piece of work is claimed by a lock, and done when its result is on disk.
///
/// Every rank goes through all pieces and takes those that nobody has, so that none waits for a rank that died: its locks are free again, and what it had
/// begun is gone on with. The folder lies on a file system that all machines share, with flock. A rank that is alone makes no locks.
class Crew {
 public:
  /// `claims`: folder of the locks. `stop`: set by another thread or a signal handler.
  Crew(Rank rank, std::filesystem::path claims, const std::atomic<bool>* stop) : rank_(rank), claims_(std::move(claims)), stop_(stop) {}

  const Rank& rank() const { return rank_; }
  /// Returns when every piece of [0, count) is done, by whomever. `work(n)` is called from several threads and must make `is_done(n)` true.
  /// @throws Error of `work`: then every rank meets it in its turn; Error{kInterrupted}.
  void share(const std::string& what, std::size_t count, const std::function<bool(std::size_t)>& is_done, const std::function<void(std::size_t)>& work) const;
  /// One rank and thread after the other. @throws Error{kInterrupted} and as `act`.
  void in_turn(const std::string& what, const std::function<void()>& act) const;

 private:
  Rank rank_;
  std::filesystem::path claims_;
  const std::atomic<bool>* stop_;
};

}  // namespace consilium::pipelines
