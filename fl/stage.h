#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fl/receipt.h"
#include "fl/round.h"
#include "fl/update.h"

namespace consilium::fl {

inline constexpr std::size_t kAttemptBytes = 16;
inline constexpr std::size_t kMostStageBytes = 16 << 20;       ///< of a stage's body, towards a site
inline constexpr std::size_t kMostAnswerBytes = 2 << 20;       ///< of an answer's body, towards the coordinator
inline constexpr std::uint32_t kMostStages = 64;

/// One step of a protocol between the coordinator and its sites, as one site gets it: such protocols make a sum of updates that nobody sees alone.
/// What the body holds is the protocol's own affair (fl/secure, fl/encrypt); fl/wire only bounds it.
struct RoundStage {
  std::string protocol;        ///< "secure_aggregation", ...
  std::uint32_t version = 1;   ///< of the protocol's messages
  std::string attempt;         ///< 16 random bytes: a protocol that is begun anew has another one
  std::uint32_t step = 0;
  std::string body;
  std::filesystem::path file{};  ///< that goes with it, the same for all sites; empty: none

  bool operator==(const RoundStage&) const = default;
};

/// What a site says to a stage.
struct StageAnswer {
  std::int64_t round = 0;
  std::string protocol;
  std::uint32_t version = 1;
  std::string attempt;
  std::uint32_t step = 0;
  std::string body;
  std::filesystem::path file{};  ///< at the site: what is to be sent; at the coordinator: what came. Empty: none
  std::string declined{};        ///< why the site cannot go on with this attempt; empty: it does

  bool operator==(const StageAnswer&) const = default;
};

/// The mean of some of the sites, as if one site had sent it.
struct GroupMean {
  std::int64_t number = 0;          ///< among the groups of its round, from 1; one that was given up leaves a gap
  Update mean;                      ///< its site is "group 1", ...
  std::vector<std::string> sites;   ///< sorted
};

/// What a protocol made of the updates of one round.
struct ProtectedSum {
  Update mean;                            ///< as if one site had sent it: the mean of every group of parameters over its cases, and their sum; where there are groups of sites, nothing
  std::vector<GroupMean> groups{};        ///< of sites, where each group is summed by itself
  std::vector<std::string> contributors;  ///< whose updates are in it, sorted
  Validation validation;                  ///< of the model the round started from, over all of them
  std::map<std::string, double> metrics;  ///< sums and means over all sites
};

/// The coordinator's side of a round's protocol, as a state machine without socket, clock or thread. Sites first gather: they train, and say that they are ready. Then the
/// protocol goes on among those who were ready, stage after stage, until there is a sum, or too few are left and it gathers anew with another attempt.
class RoundProtocol {
 public:
  virtual ~RoundProtocol() = default;

  virtual bool is_gathering() const = 0;
  /// Who has answered the present stage; while gathering: who is ready.
  virtual std::vector<std::string> answered() const = 0;
  /// Who must still answer it. While gathering: everybody who was asked and is not ready.
  virtual std::vector<std::string> waiting_for() const = 0;
  /// Why it cannot go on with those who are ready; empty when it can.
  virtual std::string hindrance() const = 0;
  /// Fewer ready sites than that cannot go on.
  virtual std::int64_t least() const = 0;
  /// Ends the gathering. Not with a hindrance.
  virtual void begin(double now) = 0;

  /// What this site is to do now; nothing: it waits.
  virtual std::optional<RoundStage> stage_for(const std::string& site) const = 0;
  /// The file that goes with the present stage.
  virtual std::filesystem::path stage_file() const { return {}; }
  /// The file of an answer may be as long as that.
  virtual std::uint64_t most_file_bytes() const = 0;
  /// Takes an answer. A bad one is kRejected with the reason: this site's failure, not the round's end.
  virtual Receipt receive(const std::string& site, const StageAnswer& answer, double now) = 0;
  /// Lets time pass, and goes on where everybody has answered. True: the stages are others than before.
  virtual bool advance(double now) = 0;
  /// The sum, once it is there; once.
  virtual std::optional<ProtectedSum> take_sum() = 0;
  /// Of this attempt: who is not in the sum, and why.
  virtual std::map<std::string, std::string> failures() const = 0;
};

/// The site's side.
class SiteProtocol {
 public:
  virtual ~SiteProtocol() = default;
  /// What to answer; nothing: there is nothing to say. The same stage again gets the same answer. `update` is what this site trained in this round, `layout` the global model
  /// (names, groups, shapes; its values may be gone). @throws Error{kRefused} the stage breaks the protocol's rules: the attempt is over for this site.
  virtual std::optional<StageAnswer> answer(const RoundStage& stage, const RoundPlan& plan, const ModelState& layout, const Update& update) = 0;
};

}  // namespace consilium::fl
