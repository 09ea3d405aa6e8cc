#pragma once

#include "fl/encrypt/encryption_messages.h"
#include "fl/encrypt/site_key.h"
#include "fl/encrypt/threshold.h"
#include "fl/secure/member_identity.h"
#include "fl/secure/opened_sums.h"

namespace consilium::fl {

struct EncryptingSiteOptions {
  MemberIdentity identity;
  CertificateCheck check;        ///< of the others' certificates
  std::filesystem::path folder;  ///< of the site: encryption_key.json, opened_sums.json, and the encrypted update while it is sent
  std::string federation;        ///< of the run
};

/// A site's side of a round whose updates are encrypted (docs/cryptography.md).
///
/// In one round it helps to open sums over one set of sites only: the difference of two such sums would be a single update. In one attempt it encrypts once, and helps to open one sum of keys: what it
/// agrees to is written down before it shows anything. A site that was killed can still open what it has encrypted; in an earlier step it declines, and takes part in the next attempt.
class EncryptingSite final : public SiteProtocol {
 public:
  explicit EncryptingSite(EncryptingSiteOptions options);
  ~EncryptingSite() override;

  std::optional<StageAnswer> answer(const RoundStage& stage, const RoundPlan& plan, const ModelState& layout, const Update& update) override;

 private:
  struct Attempt;
  /// What is forgotten with the process.
  struct Session {
    Shown shown;
    std::optional<Ephemeral> ephemeral;   ///< until it is used
    std::map<std::uint32_t, StageAnswer> answers{};  ///< by step: the same stage again gets the same
  };
  AttemptContext context(const RoundStage& stage, const RoundPlan& plan) const;
  KeyPair own_key() const;
  Session& session();
  Attempt attempt_of(const RoundStage& stage, const RoundPlan& plan);
  std::string commit(const RoundStage& stage, const RoundPlan& plan);
  std::string show(const Attempt& attempt);
  void encrypt(const Attempt& attempt, const RoundStage& stage, const ModelState& layout, const Update& update);
  std::string open(const Attempt& attempt, const RoundStage& stage);
  std::filesystem::path key_file() const { return options_.folder / "encryption_key.json"; }
  std::filesystem::path vector_file() const { return options_.folder / "encrypted_update.bin"; }

  EncryptingSiteOptions options_;
  SiteKey key_;
  OpenedSums opened_;
  std::unique_ptr<Session> session_;
};

}  // namespace consilium::fl
