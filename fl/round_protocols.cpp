#include "fl/round_protocols.h"

#include "base/error.h"
#include "base/files.h"
#include "fl/privacy/client_round.h"
#include "fl/secure/secure_round.h"

namespace consilium::fl {

ProtocolMaker protocol_maker(const FederationSettings& settings, ProtocolPlace place) {
  if (settings.protection.is_plain()) return {};
  make_folder(place.folder);
  return [place = std::move(place), seconds = settings.deadline_seconds](const RoundPlan& plan, const std::vector<std::string>& asked, const ModelState& global) -> std::unique_ptr<RoundProtocol> {
    return std::make_unique<SecureRound>(SecureRoundOptions{place.federation, place.check, place.folder, seconds, noise_bound_of(plan, asked.size())}, plan, asked, global);
  };
}

std::unique_ptr<SiteProtocol> make_site_protocol(const ProtectionSettings& protection, SecureSiteOptions options) {
  require(protection.secure_aggregation.has_value(), ErrorCode::kUnsupported, "the plan protects nothing");
  make_folder(options.folder);
  return std::make_unique<SecureSite>(std::move(options));
}

}  // namespace consilium::fl
