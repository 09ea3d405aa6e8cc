#include "imaging/deidentify/pseudonyms.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "imaging/deidentify/padding.h"
#include "imaging/dicom/uid.h"

namespace consilium::imaging {
namespace {

constexpr std::size_t kShortestSecret = 16, kLongestSecret = 4096;
constexpr unsigned kMostDays = 3650;  // ten years: enough to hide the year, too little to leave DICOM's own time

void wipe(std::string& secret) { OPENSSL_cleanse(secret.data(), secret.size()); }

}  // namespace

Pseudonyms::Pseudonyms(std::string secret) : secret_(std::move(secret)) {
  require(secret_.size() >= kShortestSecret, ErrorCode::kUsage, "the key for pseudonyms has fewer than 16 bytes");
}

Pseudonyms::~Pseudonyms() { wipe(secret_); }

std::string Pseudonyms::mac(std::string_view purpose, std::string_view original) const {
  const std::string message = "consilium deidentify 1|" + std::string(purpose) + "|" + std::string(without_padding(original));
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  require(HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest, &size) != nullptr,
          ErrorCode::kUnexpected, "HMAC-SHA256 failed");
  return {reinterpret_cast<const char*>(digest), size};
}

std::string Pseudonyms::uid(std::string_view original) const {
  const std::string_view plain = without_padding(original);
  if (plain.empty() || plain.starts_with("1.2.840.10008.")) return std::string(plain);
  return uid_of_name(mac("uid", plain));
}

std::string Pseudonyms::patient(std::string_view original) const { return "P-" + to_hexadecimal(mac("patient", original).substr(0, 8)); }

int Pseudonyms::days_back(std::string_view patient_or_study) const {
  const std::string digest = mac("days", patient_or_study);
  std::uint64_t number = 0;
  for (std::size_t n = 0; n < 8; ++n) number = number << 8 | static_cast<unsigned char>(digest[n]);
  return static_cast<int>(number % kMostDays) + 1;
}

Pseudonyms read_pseudonym_key(const std::filesystem::path& file) {
  std::string secret = read_file(file, kLongestSecret);
  while (!secret.empty() && std::isspace(static_cast<unsigned char>(secret.back())) != 0) secret.pop_back();
  return Pseudonyms(std::move(secret));
}

void make_pseudonym_key(const std::filesystem::path& file) {
  unsigned char bytes[32];
  require(RAND_priv_bytes(bytes, sizeof bytes) == 1, ErrorCode::kUnexpected, "the system gives no random bytes");
  std::string secret = to_hexadecimal({reinterpret_cast<const char*>(bytes), sizeof bytes}) + "\n";
  OPENSSL_cleanse(bytes, sizeof bytes);
  if (file.has_parent_path()) make_folder(file.parent_path());
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const int failure = errno;
  const bool written = descriptor >= 0 && ::write(descriptor, secret.data(), secret.size()) == static_cast<ssize_t>(secret.size()) && ::fsync(descriptor) == 0;
  if (descriptor >= 0) ::close(descriptor);
  if (descriptor >= 0 && !written) ::unlink(file.c_str());
  wipe(secret);
  require(written, ErrorCode::kCannotWrite,
          file.string() + ": " + (descriptor < 0 && failure == EEXIST ? "exists; a key is not replaced" : descriptor < 0 ? std::strerror(failure) : "cannot be written"));
}

bool is_readable_by_others(const std::filesystem::path& file) {
  struct stat status {};
  return ::stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & 077) != 0;
}

}  // namespace consilium::imaging
