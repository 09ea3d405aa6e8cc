#pragma once

#include <memory>
#include <string>

#include "fl/coordinator.h"
#include "fl/secure/secure_site.h"

namespace consilium::fl {

/// What a coordinator's protocols need beside the plan.
struct ProtocolPlace {
  std::string federation;         ///< of this run
  CertificateCheck check;         ///< whose signature counts
  std::filesystem::path folder;   ///< for what is summed
};
/// The protocol that these settings ask for; nothing where updates are not protected.
ProtocolMaker protocol_maker(const FederationSettings& settings, ProtocolPlace place);

/// The site's side of the protocol that the plan asks for. @throws Error{kUnsupported} none is asked for.
std::unique_ptr<SiteProtocol> make_site_protocol(const ProtectionSettings& protection, SecureSiteOptions options);

}  // namespace consilium::fl
