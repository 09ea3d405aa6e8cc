#include "pipelines/relay.h"

#include "base/error.h"
#include "base/files.h"
#include "fl/federation_settings.h"
#include "fl/transport/relay_server.h"

namespace consilium::pipelines {

RelaySettings parse_relay_settings(const Json& json, const std::string& origin, const fs::path& base) {
  RelaySettings s;
  SettingsReader reader(json, origin);
  std::string schema = "consilium.relay/1";
  reader.field("schema", schema);
  require(schema == "consilium.relay/1", ErrorCode::kUsage, origin + ".schema: expected \"consilium.relay/1\", found \"" + schema + "\"");
  reader.field("listen", s.listen);
  reader.field("name", s.name);
  reader.required("keys", s.keys);
  reader.required("folder", s.folder);
  reader.required("sites", s.sites);
  reader.field("quota_gb", s.quota_gb);
  reader.field("keep_seconds", s.keep_seconds);
  reader.finish();
  require(fl::is_address(s.listen), ErrorCode::kUsage, origin + ".listen: expected host:port, found \"" + s.listen + "\"");
  fl::validate_site_names({s.name}, origin + ".name");
  fl::validate_site_names(s.sites, origin + ".sites");
  require(s.quota_gb > 0 && s.quota_gb <= 1e6, ErrorCode::kUsage, origin + ".quota_gb: expected above 0, at most 1000000");
  require(s.keep_seconds >= 1 && s.keep_seconds <= 31536000, ErrorCode::kUsage, origin + ".keep_seconds: expected 1 to 31536000");
  for (std::string* path : {&s.keys, &s.folder}) *path = resolved(base, path->empty() ? "." : *path);  // both are required: an empty one is the settings' own folder
  return s;
}

Json to_json(const RelaySettings& s) {
  return {{"schema", "consilium.relay/1"}, {"listen", s.listen}, {"name", s.name}, {"keys", s.keys}, {"folder", s.folder}, {"sites", s.sites}, {"quota_gb", s.quota_gb}, {"keep_seconds", s.keep_seconds}};
}

void relay(const RelaySettings& s, const std::atomic<bool>* stop) {
  fl::run_relay({.listen = s.listen, .name = s.name, .tls = fl::tls_files(s.keys, s.name), .folder = s.folder, .sites = s.sites, .quota_bytes = static_cast<std::uint64_t>(s.quota_gb * 1e9), .keep_seconds = static_cast<std::uint32_t>(s.keep_seconds)}, stop);
}

}  // namespace consilium::pipelines
