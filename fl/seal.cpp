#include "fl/seal.h"

#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/err.h>

#include "base/error.h"
#include "fl/x509.h"

namespace consilium::fl {
namespace {

void free_stack(STACK_OF(X509) * certificates) { sk_X509_free(certificates); }
using Cms = std::unique_ptr<CMS_ContentInfo, Freer<CMS_ContentInfo_free>>;

Memory memory_of(std::string_view bytes) { return Memory(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size()))); }

std::string bytes_of(BIO* memory) {
  const char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

std::string to_der(CMS_ContentInfo* cms) {
  const Memory out(BIO_new(BIO_s_mem()));
  require_ssl(i2d_CMS_bio(out.get(), cms) == 1, "writing a sealed letter");
  return bytes_of(out.get());
}

/// What comes from others and is no CMS is damage, not a failure of OpenSSL's.
void require_sealed(bool good, const char* why) {
  ERR_clear_error();
  require(good, ErrorCode::kCorruptData, std::string("a sealed letter ") + why);
}

Cms parse_cms(std::string_view der, int expected_type) {
  const Memory in = memory_of(der);
  Cms cms(d2i_CMS_bio(in.get(), nullptr));
  require_sealed(cms != nullptr && OBJ_obj2nid(CMS_get0_type(cms.get())) == expected_type, "that is none");
  return cms;
}

std::string sign(std::string_view bytes, const TlsPems& sender) {
  const Certificate certificate = parse_x509(sender.certificate, "the sender's certificate");
  const Key key = parse_private_key(sender.key, "the sender's key");
  const Memory in = memory_of(bytes);
  const unsigned flags = CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP;
  const Cms cms(CMS_sign(nullptr, nullptr, nullptr, nullptr, flags));
  require_ssl(cms != nullptr && CMS_add1_signer(cms.get(), certificate.get(), key.get(), EVP_sha256(), flags) != nullptr && CMS_final(cms.get(), in.get(), nullptr, CMS_BINARY) == 1, "signing a letter");
  return to_der(cms.get());
}

}  // namespace

std::string seal(std::string_view bytes, const TlsPems& sender, std::string_view recipient_pem) {
  const std::string is_signed = sign(bytes, sender);
  const Certificate recipient = parse_x509(recipient_pem, "the recipient's certificate");
  const Memory in = memory_of(is_signed);
  const Cms cms(CMS_encrypt(nullptr, nullptr, EVP_aes_256_gcm(), CMS_BINARY | CMS_PARTIAL));
  require_ssl(cms != nullptr, "sealing a letter");
  CMS_RecipientInfo* info = CMS_add1_recipient_cert(cms.get(), recipient.get(), CMS_KEY_PARAM);
  EVP_PKEY_CTX* agreement = info == nullptr ? nullptr : CMS_RecipientInfo_get0_pkey_ctx(info);
  // OpenSSL would derive the key with SHA-1.
  require_ssl(agreement != nullptr && EVP_PKEY_CTX_set_ecdh_kdf_md(agreement, EVP_sha256()) == 1 && CMS_final(cms.get(), in.get(), nullptr, CMS_BINARY) == 1, "sealing a letter");
  return to_der(cms.get());
}

Unsealed unseal(std::string_view sealed, const TlsPems& recipient) {
  const Certificate own = parse_x509(recipient.certificate, "the recipient's certificate");
  const Key key = parse_private_key(recipient.key, "the recipient's key");
  const Cms outer = parse_cms(sealed, NID_id_smime_ct_authEnvelopedData);
  const Memory opened(BIO_new(BIO_s_mem()));
  require_sealed(CMS_decrypt(outer.get(), key.get(), own.get(), nullptr, opened.get(), CMS_BINARY) == 1, "that is not for this recipient, or was changed on its way");
  const std::string inside = bytes_of(opened.get());
  const Cms inner = parse_cms(inside, NID_pkcs7_signed);
  const Memory out(BIO_new(BIO_s_mem()));
  // The certificate is judged by the door, which knows roles, members and revocation; here only whether the signature is by its key.
  require_sealed(CMS_verify(inner.get(), nullptr, nullptr, nullptr, out.get(), CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY) == 1, "whose signature does not hold");
  const std::unique_ptr<STACK_OF(X509), Freer<free_stack>> signers(CMS_get0_signers(inner.get()));
  require_sealed(signers != nullptr && sk_X509_num(signers.get()) == 1, "that is not signed by one sender");
  return {bytes_of(out.get()), to_pem(sk_X509_value(signers.get(), 0))};
}

}  // namespace consilium::fl
