#include "fl/round_protocols.h"

#include "base/error.h"
#include "base/files.h"
#include "fl/encrypt/encrypted_round.h"
#include "fl/encrypt/encrypting_site.h"
#include "fl/privacy/client_round.h"
#include "fl/secure/secure_round.h"

namespace consilium::fl {
namespace {

/// Of the rounds that share it; empty: every attempt has its own.
std::string key_name(const EncryptionSettings& settings, const std::string& federation, std::int64_t round) {
  if (settings.key_rounds == 1) return "";
  const Seed digest = derive_seed("consilium encryption key", federation + " " + std::to_string(round / settings.key_rounds));
  return {digest.begin(), digest.begin() + kAttemptBytes};
}

}  // namespace

ProtocolMaker protocol_maker(const FederationSettings& settings, ProtocolPlace place) {
  if (settings.protection.is_plain()) return {};
  make_folder(place.folder);
  return [place = std::move(place), seconds = settings.deadline_seconds](const RoundPlan& plan, const std::vector<std::string>& asked, const ModelState& global) -> std::unique_ptr<RoundProtocol> {
    if (const auto& encryption = plan.protection.encryption)
      return std::make_unique<EncryptedRound>(plan, asked, global, EncryptedRoundOptions{place.folder, place.federation, seconds, key_name(*encryption, place.federation, plan.round)});
    return std::make_unique<SecureRound>(SecureRoundOptions{place.federation, place.check, place.folder, seconds, noise_bound_of(plan, asked.size())}, plan, asked, global);
  };
}

std::unique_ptr<SiteProtocol> make_site_protocol(const ProtectionSettings& protection, SecureSiteOptions options) {
  require(!protection.is_plain(), ErrorCode::kUnsupported, "the plan protects nothing");
  make_folder(options.folder);
  if (protection.encryption)
    return std::make_unique<EncryptingSite>(EncryptingSiteOptions{std::move(options.identity), std::move(options.check), options.folder, options.federation});
  return std::make_unique<SecureSite>(std::move(options));
}

}  // namespace consilium::fl
