#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/scu.h>

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "imaging/pacs/peer.h"
#include "imaging/pacs/tls.h"

namespace consilium::imaging {

/// An association that we open with a peer, released with its scope. Only for imaging/pacs/*.cpp.
class Association : public DcmSCU {
 public:
  explicit Association(const PacsPeer& peer);
  ~Association() override;
  Association(const Association&) = delete;

  /// One presentation context. @throws Error{kUnsupported} there are 128 already.
  void offer(const std::string& abstract_syntax, const std::vector<std::string>& transfer_syntaxes, T_ASC_SC_ROLE role = ASC_SC_ROLE_DEFAULT);

  /// @throws Error{kUnreachable} nobody answers in time; Error{kRefused} the peer does not want us, or not that service.
  void open();

  /// The context for a service that the peer accepted. @throws Error{kUnsupported}
  T_ASC_PresentationContextID context_of(const std::string& abstract_syntax, const std::string& transfer_syntax = "");

  /// Throws what a request's outcome means, named `what`; nothing when it is good.
  void require_good(const OFCondition& outcome, const std::string& what);

  const PacsPeer& peer() const { return peer_; }

 private:
  PacsPeer peer_;
  std::unique_ptr<DcmTLSTransportLayer> tls_;
  int contexts_ = 0;
};

/// Explicit little endian first, then implicit: what every program understands.
const std::vector<std::string>& plain_syntaxes();

/// "0xA700 (out of resources)". Source: DICOM PS3.7 annex C, PS3.4 tables of each service.
std::string status_text(unsigned status);

}  // namespace consilium::imaging
