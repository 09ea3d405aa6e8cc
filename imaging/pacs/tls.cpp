#include "imaging/pacs/tls.h"

#include "base/error.h"
#include "base/files.h"

namespace consilium::imaging {
namespace {

void require_good(const OFCondition& outcome, const std::filesystem::path& file) {
  require(outcome.good(), ErrorCode::kCorruptData, file.string() + ": " + outcome.text());
}

}  // namespace

std::unique_ptr<DcmTLSTransportLayer> make_tls_layer(const PacsTls& tls, T_ASC_NetworkRole role) {
  for (const auto& file : {tls.authority, tls.certificate, tls.key}) require_file(file);
  auto layer = std::make_unique<DcmTLSTransportLayer>(role, nullptr, OFTrue);
  layer->setPrivateKeyPasswd("");  // or OpenSSL would ask for one at the terminal
  require_good(layer->setPrivateKeyFile(tls.key.c_str(), DCF_Filetype_PEM), tls.key);
  require_good(layer->setCertificateFile(tls.certificate.c_str(), DCF_Filetype_PEM), tls.certificate);
  require(layer->checkPrivateKeyMatchesCertificate(), ErrorCode::kMismatch, tls.key.string() + ": is not the key of " + tls.certificate.string());
  require_good(layer->addTrustedCertificateFile(tls.authority.c_str(), DCF_Filetype_PEM), tls.authority);
  const OFCondition profile = layer->setTLSProfile(TSP_Profile_BCP195_ND);
  require(profile.good() && layer->activateCipherSuites().good(), ErrorCode::kUnexpected, "TLS: the security profile cannot be used");
  layer->setCertificateVerification(DCV_requireCertificate);
  return layer;
}

}  // namespace consilium::imaging
