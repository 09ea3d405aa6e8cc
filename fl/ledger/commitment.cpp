#include "fl/ledger/commitment.h"

#include "base/error.h"
#include "base/text.h"
#include "fl/ledger/canonical.h"

namespace consilium::fl {

std::string update_text(const Update& u, const ChunkList& delta, Codec codec) {
  Json chunks = Json::array();
  for (const std::string& hash : delta.hashes) chunks.push_back(to_hexadecimal(hash));
  Json cases = Json::array();
  for (const std::string& digest : u.case_digests) cases.push_back(to_hexadecimal(digest));
  return canonical_text({{"schema", "consilium.ledger_update/1"}, {"round", u.round}, {"base_digest", u.base_digest}, {"cases_per_group", u.cases_per_group}, {"metrics", u.metrics}, {"case_digests", cases},
                         {"validation", u.validation.score}, {"validation_cases", u.validation.cases}, {"validation_weight", u.validation.weight}, {"step_norm", u.step_norm}, {"codec", to_string(codec)},
                         {"size_bytes", delta.size_bytes}, {"chunk_bytes", delta.chunk_bytes}, {"chunk_sha256", chunks}});
}

std::string commitment(std::string_view nonce, const Update& update, const ChunkList& delta, Codec codec) {
  require(nonce.size() == kNonceBytes, ErrorCode::kCorruptData, "update: a nonce of " + std::to_string(nonce.size()) + " bytes, expected " + std::to_string(kNonceBytes));
  return to_hexadecimal(sha256(std::string(nonce) + update_text(update, delta, codec)));
}

}  // namespace consilium::fl
