#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "fl/keys.h"
#include "fl/x509.h"

namespace consilium::fl {

/// A certificate that was read once. Reading one takes OpenSSL a millisecond, and the same few are shown with every call of a federation.
struct KnownCertificate {
  CertificateSummary summary;
  Certificate certificate;
  std::string pem;  ///< as PEM is written here
};

/// The certificate of this text. The process remembers the last kMostKnownCertificates texts; equal text, equal certificate, so nothing it remembers can become untrue. Several threads may ask.
/// @throws Error{kCorruptData} naming `origin`; such a text is not remembered.
std::shared_ptr<const KnownCertificate> known_certificate(std::string_view pem, const std::string& origin);

/// chain_fault for any purpose, without a look at the time; remembered as well.
std::string lasting_chain_fault(std::string_view pem, std::string_view authority_pem, const std::string& origin);

inline constexpr std::size_t kMostKnownCertificates = 512;

}  // namespace consilium::fl
