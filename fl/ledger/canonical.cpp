#include "fl/ledger/canonical.h"

namespace consilium::fl {

std::string canonical_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json parse_canonical(std::string_view text, const std::string& origin) {
  Json json = parse_json(text, origin, ErrorCode::kCorruptData);
  require(canonical_text(json) == text, ErrorCode::kCorruptData, origin + ": is not in the ledger's one form (keys sorted, no spaces)");
  return json;
}

void read_fields(const Json& json, const std::string& origin, const std::function<void(SettingsReader&)>& read) {
  try {
    SettingsReader reader(json, origin);
    read(reader);
    reader.finish();
  } catch (const Error& error) {  // the adapter of settings to bytes of others
    throw Error(ErrorCode::kCorruptData, error.what());
  }
}

void require_digest(const std::string& text, const std::string& origin) {
  require(text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos, ErrorCode::kCorruptData, origin + ": expected a digest of 64 hexadecimal digits");
}

}  // namespace consilium::fl
