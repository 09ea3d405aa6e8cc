#pragma once

#include <set>

#include "fl/encrypt/encrypted_vector.h"
#include "fl/encrypt/encryption_messages.h"
#include "fl/encrypt/update_layout.h"

namespace consilium::fl {

struct EncryptedRoundOptions {
  std::filesystem::path folder;    ///< for what goes with the stages
  std::string federation;          ///< of the run
  double upload_seconds = 3600;    ///< for the encrypted updates, from the step's begin
  std::string key{};               ///< name of a key that is to be used again, as long as the sites agree; empty: a new one
};

/// The coordinator's side of a round whose updates are encrypted.
///
/// All that began must go all the way: one that is missing ends the attempt, and the next one is begun without it, with new keys; nobody trains again. But once a share of a
/// decryption has been given, every site refuses to open a sum over other sites in this round: then the round waits for the one that is missing. It holds no site's update in
/// memory, whole or open.
class EncryptedRound final : public RoundProtocol {
 public:
  /// Of `model` names, groups and shapes only.
  EncryptedRound(const RoundPlan& plan, std::vector<std::string> asked, const ModelState& model, EncryptedRoundOptions options);
  ~EncryptedRound() override;

  bool is_gathering() const override { return step_ == kCommit; }
  std::vector<std::string> answered() const override;
  std::vector<std::string> waiting_for() const override;
  std::string hindrance() const override;
  std::int64_t least() const override { return plan_.protection.encryption->least_sites; }
  void begin(double now) override;
  std::optional<RoundStage> stage_for(const std::string& site) const override;
  std::filesystem::path stage_file() const override { return file_; }
  std::uint64_t most_file_bytes() const override;
  Receipt receive(const std::string& site, const StageAnswer& answer, double now) override;
  bool advance(double now) override;
  std::optional<ProtectedSum> take_sum() override;
  std::map<std::string, std::string> failures() const override { return failures_; }
  /// Name of the key, for the next round.
  const std::string& key() const { return key_; }
  const std::string& attempt() const { return attempt_; }

 private:
  struct Session;  // of the members of an attempt
  void gather();
  AttemptContext context() const;
  bool is_old_key() const { return !options_.key.empty() && key_ == options_.key; }
  void next_step(double now);
  void check(const std::string& site, const StageAnswer& answer);
  void open_sum();
  bool is_member(const std::string& site) const;
  std::vector<std::string> members() const;
  bool is_bound(const std::string& site) const;
  /// Would too few be left without it? Then it is given another chance as long as the round lasts.
  bool is_needed(const std::string& site) const;
  void note_failure(const std::string& site, const std::string& reason);

  RoundPlan plan_;
  std::vector<std::string> asked_;
  ModelState model_;  // without values
  EncryptedRoundOptions options_;
  std::string attempt_, key_;
  std::uint32_t step_ = kCommit;
  double step_ends_ = 0;
  bool broken_ = false;                         // somebody cannot go on with this attempt
  std::map<std::string, EncryptionMember> ready_;
  EncryptionStageBody body_;
  std::unique_ptr<Session> session_;
  std::map<std::string, std::string> answers_;  // to the present step
  std::map<std::string, std::filesystem::path> vectors_;
  std::vector<std::string> bound_;              // a sum over these has been opened in part
  std::map<std::string, std::string> failures_; // of those who are out of it, until they are ready again
  std::map<std::string, int> strikes_;          // attempts of this round that a site has ended
  std::set<std::string> absent_;                // of those who are out of it, whom nobody waits for
  std::filesystem::path file_;
  std::optional<ProtectedSum> sum_;
};

}  // namespace consilium::fl
