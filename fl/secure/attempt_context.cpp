#include "fl/secure/attempt_context.h"

#include "fl/compress/bytes.h"
#include "fl/wire/chunks.h"

namespace consilium::fl {

void put_part(std::string& bytes, std::string_view part) {
  put_varint(bytes, part.size());
  bytes.append(part);
}

std::string plan_digest_of(const RoundPlan& plan) {
  std::string bytes;
  put_varint(bytes, static_cast<std::uint64_t>(plan.round));
  put_varint(bytes, static_cast<std::uint64_t>(plan.rounds));
  for (const std::string& part : {plan.base_digest, plan.task, to_json(plan.protection).dump()}) put_part(bytes, part);
  return sha256(bytes);
}

std::string bound_bytes(const AttemptContext& context, std::string_view purpose, std::string_view rest) {
  std::string bytes;
  put_part(bytes, "consilium secure aggregation 1");
  put_part(bytes, purpose);
  put_part(bytes, context.federation);
  put_varint(bytes, static_cast<std::uint64_t>(context.round));
  put_part(bytes, context.attempt);
  put_part(bytes, context.plan_digest);
  put_part(bytes, rest);
  return bytes;
}

}  // namespace consilium::fl
