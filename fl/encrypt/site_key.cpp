#include "fl/encrypt/site_key.h"

#include "base/files.h"
#include "base/settings.h"
#include "base/text.h"
#include "fl/keys.h"
#include "fl/x509.h"

namespace consilium::fl {
namespace {

constexpr std::uint64_t kMostFileBytes = 1 << 20;
constexpr std::size_t kSeedBytes = 32, kNameBytes = 16, kDigestBytes = 32;

std::string field(SettingsReader& reader, const char* key, std::size_t bytes) {
  std::string text;
  reader.required(key, text);
  return text.empty() ? text : from_hex(text, bytes, reader.path() + ": " + key);
}

}  // namespace

SiteKey read_site_key(const fs::path& file) {
  if (!fs::exists(file)) return {};
  std::string text = read_file(file, kMostFileBytes);
  SiteKey key;
  std::string seed;
  try {
    const Json json = parse_json(text, file.string(), ErrorCode::kCorruptData);
    SettingsReader reader(json, file.string());
    std::int64_t version = 0;
    reader.required("schema_version", version);
    reader.required("seed", seed);
    reader.required("first_round", key.first_round);
    key.name = field(reader, "key", kNameBytes);
    key.joint = field(reader, "joint", kDigestBytes);
    key.attempt = field(reader, "attempt", kNameBytes);
    key.context = field(reader, "context", kDigestBytes);
    reader.finish();
    require(version == 1, ErrorCode::kCorruptData, file.string() + ": schema_version " + std::to_string(version) + ", expected 1");
    std::string bytes = from_hex(seed, kSeedBytes, file.string() + ": seed");
    key.seed.assign(bytes.begin(), bytes.end());
    sodium_memzero(bytes.data(), bytes.size());
  } catch (const Error& error) {
    sodium_memzero(text.data(), text.size());
    sodium_memzero(seed.data(), seed.size());
    throw Error(ErrorCode::kCorruptData, error.what());
  }
  sodium_memzero(text.data(), text.size());
  sodium_memzero(seed.data(), seed.size());
  return key;
}

void write_site_key(const fs::path& file, const SiteKey& key) {
  // By hand: copies within a JSON value could not be overwritten.
  std::string seed = to_hexadecimal({reinterpret_cast<const char*>(key.seed.data()), key.seed.size()});
  const Json open{{"schema_version", 1}, {"key", to_hexadecimal(key.name)}, {"first_round", key.first_round}, {"joint", to_hexadecimal(key.joint)},
                  {"attempt", to_hexadecimal(key.attempt)}, {"context", to_hexadecimal(key.context)}};
  std::string text = open.dump();
  text.pop_back();
  text.reserve(text.size() + seed.size() + 16);  // one place, which is overwritten below
  text += ",\"seed\":\"";
  text += seed;
  text += "\"}\n";
  write_secret_file(file, text);
  sodium_memzero(text.data(), text.size());
  sodium_memzero(seed.data(), seed.size());
}

}  // namespace consilium::fl
