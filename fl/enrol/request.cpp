#include "fl/enrol/request.h"

#include <openssl/err.h>

#include "base/error.h"
#include "base/text.h"
#include "fl/enrol/token.h"
#include "fl/x509.h"

namespace consilium::fl {
namespace {

constexpr std::size_t kMostRequestBytes = 8 << 10;  // ours have about 700
constexpr std::size_t kProofBytes = 96;

std::string write_request(EVP_PKEY* key, const std::string& name, const std::string& token) {
  const CertificateRequest request(X509_REQ_new());
  require_ssl(request && X509_REQ_set_version(request.get(), 0) == 1 && X509_REQ_set_pubkey(request.get(), key) == 1, "making a certificate request");
  add_subject(X509_REQ_get_subject_name(request.get()), "CN", name);
  if (!token.empty()) {
    const std::string proof = to_hexadecimal(sign_with_token(token, public_key_der(key)));
    require_ssl(X509_REQ_add1_attr_by_NID(request.get(), NID_pkcs9_challengePassword, MBSTRING_ASC, reinterpret_cast<const unsigned char*>(proof.data()), static_cast<int>(proof.size())) == 1,
                "writing a certificate request");
  }
  require_ssl(X509_REQ_sign(request.get(), key, EVP_sha256()) > 0, "signing a certificate request");
  return to_pem(request.get());
}

/// Hexadecimal digits of challengePassword; empty when the attribute is not there.
std::string challenge_of(X509_REQ* request) {
  const int index = X509_REQ_get_attr_by_NID(request, NID_pkcs9_challengePassword, -1);
  if (index < 0) return "";
  X509_ATTRIBUTE* attribute = X509_REQ_get_attr(request, index);
  const ASN1_TYPE* value = X509_ATTRIBUTE_count(attribute) == 1 ? X509_ATTRIBUTE_get0_type(attribute, 0) : nullptr;
  if (value == nullptr || (value->type != V_ASN1_PRINTABLESTRING && value->type != V_ASN1_UTF8STRING && value->type != V_ASN1_IA5STRING)) return "";
  const ASN1_STRING* text = value->value.asn1_string;
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<std::size_t>(ASN1_STRING_length(text))};
}

bool is_p256(EVP_PKEY* key) {
  char group[64] = "";
  const bool known = EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) == 1;
  ERR_clear_error();
  return known && std::string_view(group) == "prime256v1";
}

}  // namespace

KeyAndRequest make_request(const std::string& name, const std::string& token) {
  const Key key = make_p256_key();
  return {to_pem(key.get()), write_request(key.get(), name, token)};
}

std::string make_request_for(std::string_view key_pem, const std::string& name, const std::string& token, const std::string& origin) {
  return write_request(parse_private_key(key_pem, origin).get(), name, token);
}

ParsedRequest parse_request(std::string_view pem, const std::string& origin) {
  require(pem.size() <= kMostRequestBytes, ErrorCode::kCorruptData, origin + ": has " + std::to_string(pem.size()) + " bytes, more than a certificate request needs");
  const CertificateRequest request = parse_x509_request(pem, origin);
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  ERR_clear_error();
  // The kind first: checking the signature of a huge RSA key costs seconds.
  require(key != nullptr && is_p256(key), ErrorCode::kRefused, origin + ": asks for another kind of key than P-256");
  const bool is_signed = X509_REQ_verify(request.get(), key) == 1;
  ERR_clear_error();
  require(is_signed, ErrorCode::kCorruptData, origin + ": is not signed by the key that it asks for");
  ParsedRequest parsed;
  parsed.public_key_der = public_key_der(key);
  parsed.key_fingerprint = sha256_hex(parsed.public_key_der);
  if (const std::string proof = challenge_of(request.get()); !proof.empty()) parsed.proof = from_hex(proof, kProofBytes, origin + ": its challengePassword");
  return parsed;
}

}  // namespace consilium::fl
