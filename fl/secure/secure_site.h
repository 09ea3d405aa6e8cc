#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/files.h"
#include "fl/privacy/noise_stream.h"
#include "fl/secure/cohort.h"
#include "fl/secure/opened_sums.h"
#include "fl/secure/site_integers.h"
#include "fl/stage.h"

namespace consilium::fl {

struct SecureSiteOptions {
  MemberIdentity identity;
  CertificateCheck check;
  std::string federation;
  std::filesystem::path folder;  ///< the masked update, and what must outlive a kill
  Durability durability = Durability::kPowerLoss;  ///< of what must outlive a kill
};

/// A site's side of secure aggregation. Its secrets live in this process only: a site that was killed has forgotten them, so it cannot be asked for what it had already answered; it declines, and
/// takes part again with new ones. Nothing that it has said for one attempt is ever said differently: a stage whose content changes ends the attempt.
/// Source: Bonawitz et al., Practical secure aggregation, CCS 2017, figures 2 and 4 (with the consistency check against an active coordinator).
class SecureSite final : public SiteProtocol {
 public:
  explicit SecureSite(SecureSiteOptions options);
  ~SecureSite() override;

  /// Declines, with the reason, whatever breaks the rules; the attempt is over then. @throws Error of the disk
  std::optional<StageAnswer> answer(const RoundStage& stage, const RoundPlan& plan, const ModelState& layout, const Update& update) override;

 private:
  struct Attempt;
  void begin(const RoundStage& stage, const RoundPlan& plan);
  std::string advertise(const MaskedLayout& layout, const RoundPlan& plan, const Update& update);
  std::vector<Advertisement> own_group(std::vector<Advertisement> all, const AttemptContext& context, const SecureAggregationSettings& settings) const;
  std::string share(const std::string& body, const RoundPlan& plan);
  std::filesystem::path mask(const std::string& body, const MaskedLayout& layout, const RoundPlan& plan, const Update& update);
  std::string agree(const std::string& body, const MaskedLayout& layout, const RoundPlan& plan);
  std::string open(const std::string& body, const RoundPlan& plan);

  NoiseShare noise_share(const RoundPlan& plan, const MaskedLayout& layout) const;
  void require_same_noise(const RoundPlan& plan, const std::string& values) const;

  SecureSiteOptions options_;
  OpenedSums opened_;
  /// Noise follows from it and the values: a sum that is made again has the same noise on the same values, and tells nothing new.
  NoiseKey noise_secret_ = NoiseKey::random();
  std::pair<std::int64_t, std::string> noisy_sum_{-1, ""};  ///< the last round in which this process helped to open a sum with its noise, and the digest of its values
  std::unique_ptr<Attempt> attempt_;  ///< null: none, or its secrets are wiped
  std::string over_;                  ///< the attempt that is over for this site
  StageAnswer last_words_;            ///< what it declined it with
};

}  // namespace consilium::fl
