#include "fl/duplicate_cases.h"

#include <openssl/hmac.h>

#include <set>

#include "base/error.h"
#include "base/files.h"
#include "fl/wire/chunks.h"
#include "fl/x509.h"

namespace consilium::fl {

std::string case_digest(std::string_view key, std::string_view content) {
  const std::string hash = sha256(content);
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  require_ssl(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(hash.data()), hash.size(), out, &size) != nullptr, "computing a digest");
  return {reinterpret_cast<const char*>(out), kCaseDigestBytes};
}

std::string read_case_key(const fs::path& file) {
  std::string key = read_file(file, 4096);
  require(key.size() >= 32, ErrorCode::kUsage, file.string() + ": a key of " + std::to_string(key.size()) + " bytes can be guessed; make one of 32 random bytes, such as head -c 32 /dev/urandom");
  return key;
}

std::map<std::string, std::int64_t> shared_cases(std::span<const Update> updates) {
  std::map<std::string, std::set<std::string>> sites_with;  // digest -> sites
  for (const Update& update : updates)
    for (const std::string& digest : update.case_digests) sites_with[digest].insert(update.site);
  std::map<std::string, std::int64_t> shared;
  for (const Update& update : updates)
    if (!update.case_digests.empty()) shared[update.site];
  for (const auto& [digest, sites] : sites_with)
    if (sites.size() > 1)
      for (const std::string& site : sites) ++shared[site];
  return shared;
}

}  // namespace consilium::fl
